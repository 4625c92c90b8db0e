// The `servers` global option: limits, timeouts and protocols of the servers.
import Base

/// One `servers [<listener>] { … }`.
struct ServerOptions {
    /// The address that it is for; empty is for all servers.
    var listener = ""
    var location: SourceLocation
    var name = ""
    /// Members of the server's JSON.
    var members: JSONObject = [:]
    /// Members of the server's `logs`.
    var logs: JSONObject = [:]
    var hasPerHostMetrics: Bool?
}

extension AdaptContext {
    private static let serverOptionNames = [
        "0rtt", "client_ip_headers", "enable_full_duplex", "expected_dot_headers",
        "expected_underscore_headers", "keepalive_count", "keepalive_idle",
        "keepalive_interval", "listener_wrappers", "log_credentials", "max_header_size",
        "metrics", "name", "packet_conn_wrappers", "protocols", "strict_sni_host", "timeouts",
        "trace", "trusted_proxies", "trusted_proxies_strict", "trusted_proxies_unix",
    ]

    func serverOptions(_ node: ConfigNode) throws(ConfigError) -> ServerOptions {
        if node.arguments.count > 1 { throw node.wrongCount("at most a listener address") }
        var options = ServerOptions(location: node.name.location)
        options.listener = node.texts.first ?? ""
        for line in node.children { try serverOption(line, into: &options) }
        return options
    }

    private func serverOption(
        _ line: ConfigNode, into options: inout ServerOptions
    ) throws(ConfigError) {
        switch line.name.text {
        case "name":
            if options.listener.isEmpty {
                throw ConfigError(
                    "cannot set a name for a server without a listener address", at: line.name)
            }
            options.name = try line.onlyArgument("name").text
        case "timeouts": for timeout in line.children { try self.timeout(timeout, into: &options) }
        case "keepalive_interval", "keepalive_idle":
            options.members.set(line.name.text, try line.duration())
        case "keepalive_count": options.members.set("keepalive_count", try line.integer())
        case "max_header_size": options.members.set("max_header_bytes", try line.size())
        case "enable_full_duplex", "trusted_proxies_unix":
            try line.refuseArguments()
            options.members[line.name.text] = true
        case "trusted_proxies_strict":
            try line.refuseArguments()
            options.members["trusted_proxies_strict"] = 1
        case "expected_underscore_headers", "expected_dot_headers":
            options.members[line.name.text] = .strings(try line.atLeastOneArgument("field"))
        case "client_ip_headers": try addUnique(line, "client_ip_headers", into: &options)
        case "trusted_proxies":
            options.members["trusted_proxies"] = try addressSource(
                line.module("source of addresses"))
        default: try serverFeature(line, into: &options)
        }
    }

    private func serverFeature(
        _ line: ConfigNode, into options: inout ServerOptions
    ) throws(ConfigError) {
        switch line.name.text {
        case "listener_wrappers":
            var wrappers: [JSONValue] = []
            for wrapper in line.children { wrappers.append(try listenerWrapper(wrapper)) }
            options.members.set("listener_wrappers", wrappers)
        case "packet_conn_wrappers":
            var wrappers: [JSONValue] = []
            for wrapper in line.children {
                wrappers.append(try module("caddy.packetconns", inlineKey: "wrapper", wrapper))
            }
            options.members.set("packet_conn_wrappers", wrappers)
        case "protocols": try serverProtocols(line, into: &options)
        case "strict_sni_host": try strictSNI(line, into: &options)
        case "log_credentials":
            try line.refuseArguments()
            options.logs["should_log_credentials"] = true
        case "trace":
            try line.refuseArguments()
            options.logs["trace"] = true
        case "metrics":
            for option in line.children where option.name.text != "per_host" {
                throw option.unknown("option", in: "metrics", known: ["per_host"])
            }
            warnings.append(
                ConfigWarning(
                    "'metrics' inside 'servers' is deprecated, use the global option instead",
                    at: line.name.location))
            options.hasPerHostMetrics = !line.children.isEmpty
        case "0rtt":
            let value = try line.onlyArgument("value")
            guard value.text == "off" else {
                throw ConfigError("unexpected \"\(value.text)\" of 0rtt, expected off", at: value)
            }
            options.members["allow_0rtt"] = false
        default: throw line.unknown("option", in: "servers", known: Self.serverOptionNames)
        }
    }

    private func timeout(
        _ line: ConfigNode, into options: inout ServerOptions
    ) throws(ConfigError) {
        let members = [
            "read_body": "read_timeout", "read_header": "read_header_timeout",
            "write": "write_timeout", "idle": "idle_timeout",
            "read_body_idle": "read_idle_timeout", "write_idle": "write_idle_timeout",
        ]
        let name = line.name.text
        if name == "write_max_chunk" {
            return options.members.set("max_write_chunk", try line.size())
        }
        guard let member = members[name] else {
            throw line.unknown(
                "option", in: "timeouts", known: Array(members.keys) + ["write_max_chunk"])
        }
        guard name.hasSuffix("_idle"), line.arguments.count == 2 else {
            return options.members.set(member, try line.duration())
        }
        let arguments = Array(line.arguments)
        options.members.set(member, try ConfigNode.duration(arguments[0]))
        let rate = name == "write_idle" ? "write_min_rate" : "read_min_rate"
        options.members.set(rate, try ConfigNode.integer(arguments[1]))
    }

    private func serverProtocols(
        _ line: ConfigNode, into options: inout ServerOptions
    ) throws(ConfigError) {
        let known = ["h1", "h2", "h2c", "h3"]
        for argument in line.arguments where !known.contains(argument.text) {
            throw ConfigError(
                "unknown protocol '\(argument.text)', expected h1, h2, h2c or h3", at: argument)
        }
        try addUnique(line, "protocols", into: &options)
    }

    private func strictSNI(
        _ line: ConfigNode, into options: inout ServerOptions
    ) throws(ConfigError) {
        if let argument = line.arguments.first, !["on", "insecure_off"].contains(argument.text) {
            throw ConfigError(
                "strict_sni_host only supports 'on' or 'insecure_off', got '\(argument.text)'",
                at: argument)
        }
        options.members["strict_sni_host"] = .bool(line.texts.first != "insecure_off")
    }

    /// Lines of the same option add up; a value may stand there once.
    private func addUnique(
        _ line: ConfigNode, _ member: String, into options: inout ServerOptions
    ) throws(ConfigError) {
        try line.refuseBlock()
        var values = options.members[member]?.stringValues ?? []
        for argument in line.arguments {
            if values.contains(argument.text) {
                throw ConfigError(
                    "\(argument.text) specified more than once in \(line.name.text)",
                    at: argument)
            }
            values.append(argument.text)
        }
        options.members.set(member, values)
    }

    /// `static <range>…` or a module's source.
    private func addressSource(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        guard node.name.text == "static" else {
            return try module("http.ip_sources", inlineKey: "source", node)
        }
        let ranges = node.texts.flatMap(AddressRanges.expand)
        return ["source": "static", "ranges": .strings(ranges)]
    }

    private func listenerWrapper(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        switch node.name.text {
        case "tls": break
        case "http_redirect":
            for option in node.children {
                guard option.name.text == "max_header_bytes" else {
                    throw option.unknown("option", in: "http_redirect", known: ["max_header_bytes"])
                }
                members.set("max_header_bytes", try option.size())
            }
        case "proxy_protocol": members = try proxyProtocol(node)
        default: return try module("caddy.listeners", inlineKey: "wrapper", node)
        }
        members["wrapper"] = .string(node.name.text)
        return .object(members)
    }

    private func proxyProtocol(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        try node.refuseArguments()
        var members: JSONObject = [:]
        for option in node.children {
            switch option.name.text {
            case "timeout": members.set("timeout", try option.duration())
            case "allow", "deny":
                let known = members[option.name.text]?.stringValues ?? []
                members.set(option.name.text, known + option.texts)
            case "fallback_policy":
                members["fallback_policy"] = .string(
                    try option.onlyArgument("policy").text.uppercased())
            default:
                throw option.unknown(
                    "option", in: "proxy_protocol",
                    known: ["timeout", "allow", "deny", "fallback_policy"])
            }
        }
        return members
    }
}
