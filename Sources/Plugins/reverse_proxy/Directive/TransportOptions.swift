// The option transport of reverse_proxy: how upstreams are spoken to.
import PluginSDK

/// transport http {
///     dial_timeout | response_header_timeout | read_timeout | write_timeout | … <duration>
///     read_buffer | write_buffer | max_response_header <size>
///     keepalive <duration>|off; keepalive_interval; keepalive_idle_conns[_per_host] <count>
///     versions <version>…; compression off; max_conns_per_host <count>
///     resolvers <address>…; local_address <ip>; proxy_protocol v1|v2
///     network_proxy none|url <url>
///     tls; tls_… …                             TransportOptions+TLS.swift
/// }
/// transport fastcgi { root <path>; split <suffix>…; env <name> <value>; … }
struct TransportOptions {
    private let `protocol`: String
    private var members: [String: JSONValue] = [:]
    private var keepAlive: [String: JSONValue] = [:]
    /// Not nil turns TLS on.
    var tls: [String: JSONValue]?

    init(_ line: Line, of call: borrowing DirectiveCall) throws(PluginError) {
        try line.expectArguments(1)
        `protocol` = line.arguments[0].text
        switch `protocol` {
        case "http": for option in line.lines { try read(option, of: call) }
        case "fastcgi": for option in line.lines { try readFastCGI(option) }
        default:
            throw .unknown(
                "transport", `protocol`, in: "reverse_proxy", known: ["http", "fastcgi"],
                at: line.arguments[0])
        }
    }

    /// The transport that options and the scheme of the upstreams ask for; nil is plain HTTP.
    static func json(
        _ options: TransportOptions?, scheme: UpstreamAddress.Scheme, at name: Token
    ) throws(PluginError) -> JSONValue? {
        var json = options?.json ?? ["protocol": "http"]
        let isHTTP = options.map { $0.protocol == "http" } ?? true
        switch scheme {
        case .none: break
        case .http:
            guard options?.tls == nil else {
                throw PluginError(
                    "the upstreams are http:// but their transport is configured for TLS",
                    hint: "write https://, or leave the scheme away", at: name)
            }
        case .https:
            guard isHTTP else {
                throw PluginError(
                    "the upstreams are https:// but their transport has no TLS", at: name)
            }
            json["tls"] = .object(options?.tls ?? [:])
        case .h2c: json["versions"] = ["h2c", "2"]
        }
        return json == ["protocol": "http"] ? nil : .object(json)
    }

    private var json: [String: JSONValue] {
        // `compression off` is false, not absent.
        var json = members.filter { !$0.value.isEmpty || $0.value == false }
        json["protocol"] = .string(`protocol`)
        if !keepAlive.isEmpty { json["keep_alive"] = .object(keepAlive) }
        json["tls"] = tls.map(JSONValue.object)
        return json
    }

    private mutating func read(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) {
        if try readTimesAndSizes(line) { return }
        if try readKeepAlive(line) { return }
        if try readNetwork(line, of: call) { return }
        if try readTLS(line, of: call) { return }
        throw .unknown(
            "option", line.name.text, in: "transport http", known: Self.names + Self.tlsNames,
            at: line.name)
    }

    private static let names = [
        "read_buffer", "write_buffer", "max_response_header", "dial_timeout",
        "dial_fallback_delay", "response_header_timeout", "expect_continue_timeout",
        "read_timeout", "write_timeout", "keepalive", "keepalive_interval",
        "keepalive_idle_conns", "keepalive_idle_conns_per_host", "versions", "compression",
        "max_conns_per_host", "resolvers", "local_address", "proxy_protocol", "network_proxy",
        "forward_proxy_url",
    ]

    private mutating func readTimesAndSizes(_ line: Line) throws(PluginError) -> Bool {
        let name = line.name.text
        switch name {
        case "dial_timeout", "dial_fallback_delay", "response_header_timeout",
            "expect_continue_timeout", "read_timeout", "write_timeout":
            members[name] = .int(try line.singleArgument().duration(name))
        case "read_buffer", "write_buffer", "max_response_header":
            members[name + "_size"] = .int(try line.singleArgument().byteCount(name))
        default: return false
        }
        return true
    }

    private mutating func readKeepAlive(_ line: Line) throws(PluginError) -> Bool {
        let name = line.name.text
        switch name {
        case "keepalive":
            let value = try line.singleArgument()
            if value.text == "off" {
                keepAlive["enabled"] = false
            } else {
                keepAlive["idle_timeout"] = .int(try value.duration(name))
            }
        case "keepalive_interval":
            keepAlive["probe_interval"] = .int(try line.singleArgument().duration(name))
        case "keepalive_idle_conns":
            keepAlive["max_idle_conns"] = .int(try line.singleArgument().integer(name))
        case "keepalive_idle_conns_per_host":
            keepAlive["max_idle_conns_per_host"] = .int(try line.singleArgument().integer(name))
        default: return false
        }
        return true
    }

    private mutating func readNetwork(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        let name = line.name.text
        switch name {
        case "versions": members[name] = JSONValue(try line.someArguments("a version").map(\.text))
        case "compression":
            if try line.singleArgument().text == "off" { members[name] = false }
        case "max_conns_per_host":
            members[name] = .int(try line.singleArgument().integer(name))
        case "resolvers":
            let addresses = try line.someArguments("an address").map(\.text)
            members["resolver"] = ["addresses": JSONValue(addresses)]
        case "local_address": members[name] = .string(try line.singleArgument().text)
        case "proxy_protocol":
            let version = try line.singleArgument()
            guard ["v1", "v2"].contains(version.text) else {
                throw PluginError(
                    "proxy_protocol is \"\(version.text)\", expected v1 or v2", at: version)
            }
            members[name] = .string(version.text)
        case "network_proxy": members[name] = try Self.networkProxy(line)
        case "forward_proxy_url":
            call.warn(
                PluginError(
                    "forward_proxy_url is deprecated", hint: "use network_proxy url", at: line.name)
            )
            let url = try line.singleArgument().text
            members["network_proxy"] = ["from": "url", "url": .string(url)]
        default: return false
        }
        return true
    }

    private static func networkProxy(_ line: Line) throws(PluginError) -> JSONValue {
        try line.expectArguments(1...2)
        switch (line.texts[0], line.arguments.count) {
        case ("none", 1): return ["from": "none"]
        case ("url", 2): return ["from": "url", "url": .string(line.texts[1])]
        default:
            throw PluginError("network_proxy expects none or url <url>", at: line.arguments[0])
        }
    }

    private mutating func readFastCGI(_ line: Line) throws(PluginError) {
        let name = line.name.text
        switch name {
        case "root": members[name] = .string(try line.singleArgument().text)
        case "split":
            members["split_path"] = JSONValue(try line.someArguments("a suffix").map(\.text))
        case "env":
            try line.expectArguments(2)
            var environment: [String: JSONValue] = [:]
            if case .object(let earlier)? = members[name] { environment = earlier }
            environment[line.texts[0]] = .string(line.texts[1])
            members[name] = .object(environment)
        case "resolve_root_symlink", "capture_stderr":
            try line.expectArguments(0)
            members[name] = true
        case "dial_timeout", "read_timeout", "write_timeout":
            members[name] = .int(try line.singleArgument().duration(name))
        default:
            throw .unknown(
                "option", name, in: "transport fastcgi",
                known: [
                    "root", "split", "env", "resolve_root_symlink", "capture_stderr",
                    "dial_timeout", "read_timeout", "write_timeout",
                ], at: line.name)
        }
    }
}
