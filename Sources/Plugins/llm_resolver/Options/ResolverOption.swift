// The options of the directive, each with the type of its value.
import PluginSDK

/// One option, named the same in a Caddyfile and in JSON.
struct ResolverOption: Sendable {
    enum Kind: Sendable {
        case text
        /// As text, but without an argument it is as if the line was not there.
        case optionalText
        case list
        /// "on" and "off"; on without an argument.
        case toggle
        case duration
        case number
    }

    let name: String
    let kind: Kind

    static let all: [ResolverOption] = [
        .init(name: "api_key", kind: .text),
        .init(name: "api_url", kind: .text),
        .init(name: "model", kind: .text),
        .init(name: "cache_file", kind: .text),
        .init(name: "compose_project", kind: .optionalText),
        .init(name: "hosts", kind: .list),
        .init(name: "clients", kind: .list),
        .init(name: "order", kind: .list),
        .init(name: "deny_ports", kind: .list),
        .init(name: "deny_names", kind: .list),
        .init(name: "offer", kind: .list),
        .init(name: "cache_ttl", kind: .duration),
        .init(name: "negative_ttl", kind: .duration),
        .init(name: "timeout", kind: .duration),
        .init(name: "model_timeout", kind: .duration),
        .init(name: "calls_per_hour", kind: .number),
        .init(name: "redact", kind: .toggle),
        .init(name: "local_only", kind: .toggle),
        .init(name: "proxy", kind: .toggle),
        .init(name: "admin_token", kind: .text),
        .init(name: "admin_hosts", kind: .list),
        .init(name: "legacy_query", kind: .toggle),
        .init(name: "legacy_api", kind: .toggle),
    ]

    static func named(_ name: String) -> ResolverOption? { all.first { $0.name == name } }

    /// The value of one line of a Caddyfile; nil when the line says nothing.
    func value(of line: Line) throws(PluginError) -> JSONValue? {
        try line.expectNoBlock()
        switch kind {
        case .text:
            try line.expectArguments(1)
            guard !line.arguments[0].text.isEmpty else {
                throw PluginError("\(name) is empty, expected a value", at: line.arguments[0])
            }
            return .string(line.arguments[0].text)
        case .optionalText:
            try line.expectArguments(0...1)
            return line.arguments.first.map { .string($0.text) }
        case .list:
            try line.expectArguments(1...64)
            return JSONValue(line.texts)
        case .toggle:
            try line.expectArguments(0...1)
            guard let argument = line.arguments.first else { return true }
            guard ["on", "off"].contains(argument.text) else {
                throw PluginError(
                    "\(name) is \"\(argument.text)\", expected on or off", at: argument)
            }
            return .bool(argument.text == "on")
        case .duration:
            try line.expectArguments(1)
            return .int(try line.arguments[0].duration(name))
        case .number:
            try line.expectArguments(1)
            return .int(try line.arguments[0].integer(name))
        }
    }
}

extension Directive {
    /// llm_resolver [<matcher>] {
    ///     <option> <value>...
    /// }
    static let llmResolver = Directive(
        "llm_resolver", order: "before:reverse_proxy",
        summary: "finds the service that a host name means"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0)
        var handler: [String: JSONValue] = ["handler": "llm_resolver"]
        for line in call.line.lines {
            guard let option = ResolverOption.named(line.name.text) else {
                throw .unknown(
                    "option", line.name.text, in: "llm_resolver",
                    known: ResolverOption.all.map(\.name), at: line.name)
            }
            guard handler[option.name] == nil else {
                throw PluginError("\(option.name) is given twice", at: line.name)
            }
            handler[option.name] = try option.value(of: line)
        }
        return .object(handler)
    }
}
