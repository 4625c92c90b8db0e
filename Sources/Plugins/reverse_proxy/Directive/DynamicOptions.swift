// Sources of upstreams: names that are looked up while requests come in.
import PluginSDK

/// dynamic a [<name> [<port>]] { name; port; refresh; versions ipv4|ipv6…; <lookup> }
/// dynamic srv [<name>] { service; proto; name; refresh; grace_period; <lookup> }
/// dynamic multi { a …; srv … }
/// <lookup>: resolvers <address>…; dial_timeout; dial_fallback_delay
enum DynamicOptions {
    /// The source behind `dynamic`.
    static func source(_ line: Line) throws(PluginError) -> JSONValue {
        guard let name = line.arguments.first else { throw line.missingArgument("a, srv or multi") }
        return try source(name, Array(line.arguments.dropFirst()), line.lines)
    }

    private static func source(
        _ name: Token, _ arguments: [Token], _ lines: [Line]
    ) throws(PluginError) -> JSONValue {
        switch name.text {
        case "a": return try lookup(name, arguments, lines, positional: ["name", "port"])
        case "srv": return try lookup(name, arguments, lines, positional: ["name"])
        case "multi":
            var sources: [JSONValue] = []
            for line in lines {
                sources.append(try source(line.name, line.arguments, line.lines))
            }
            return .members(["source": "multi", "sources": .array(sources)])
        default:
            throw .unknown(
                "source", name.text, in: "dynamic", known: ["a", "srv", "multi"], at: name)
        }
    }

    private static func lookup(
        _ source: Token, _ arguments: [Token], _ lines: [Line], positional: [String]
    ) throws(PluginError) -> JSONValue {
        guard arguments.count <= positional.count else {
            throw PluginError(
                "\(source.text) has too many arguments", at: arguments[positional.count])
        }
        var members: [String: JSONValue] = ["source": .string(source.text)]
        for (name, argument) in zip(positional, arguments) {
            members[name] = .string(argument.text)
        }
        for line in lines {
            let (name, value) = try option(line, of: source)
            if !value.isEmpty { members[name] = value }
        }
        return .object(members)
    }

    private static func option(
        _ line: Line, of source: Token
    ) throws(PluginError) -> (String, JSONValue) {
        let name = line.name.text
        switch (name, source.text) {
        case ("name", _), ("port", "a"), ("service", "srv"), ("proto", "srv"):
            return (name, .string(try line.singleArgument().text))
        case ("refresh", _), ("dial_timeout", _), ("dial_fallback_delay", _),
            ("grace_period", "srv"):
            return (name, .int(try line.singleArgument().duration(name)))
        case ("resolvers", _):
            let addresses = try line.someArguments("an address").map(\.text)
            return ("resolver", ["addresses": JSONValue(addresses)])
        case ("versions", "a"):
            let versions = try line.someArguments("ipv4 or ipv6")
            return (name, .object([:].merging(versions.map { ($0.text, true) }) { $1 }))
        default:
            throw .unknown(
                "option", name, in: source.text,
                known: [
                    "name", "port", "service", "proto", "refresh", "resolvers", "dial_timeout",
                    "dial_fallback_delay", "grace_period", "versions",
                ], at: line.name)
        }
    }
}
