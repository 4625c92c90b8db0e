// The directive reverse_proxy: upstreams, and a block whose lines belong to groups of options.
import PluginSDK

extension Directive {
    /// reverse_proxy [<matcher>] [<upstream>…] {
    ///     to <upstream>…
    ///     dynamic a|srv|multi …              DynamicOptions
    ///     lb_… …                             LoadBalancingOptions
    ///     health_… | fail_… | unhealthy_… …  HealthOptions
    ///     header_up | header_down …          FieldOptions
    ///     @name | handle_response | …        ResponseOptions
    ///     transport http|fastcgi { … }       TransportOptions
    ///     flush_interval <duration>|-1 …     ProxyOptions
    /// }
    static let reverseProxy = Directive(
        "reverse_proxy", order: "rank:3400", summary: "sends requests to upstreams"
    ) { (call) throws(PluginError) in
        var options = ProxyOptions()
        for upstream in call.line.arguments { try options.addUpstream(upstream) }
        for line in call.line.lines { try options.read(line, of: call) }
        return try options.handler(at: call.line.name)
    }
}

/// What the lines of one block have said so far.
struct ProxyOptions {
    private var upstreams: [JSONValue] = []
    private var scheme = UpstreamAddress.Scheme.none
    private var members: [String: JSONValue] = [:]
    private var rewrite: [String: JSONValue] = [:]
    private var trustedProxies: [JSONValue] = []
    private var loadBalancing = LoadBalancingOptions()
    private var health = HealthOptions()
    private var fields = FieldOptions()
    private var responses = ResponseOptions()
    private var transport: TransportOptions?
    private var dynamicUpstreams: JSONValue?

    private static let names = [
        "to", "dynamic", "flush_interval", "request_buffers", "response_buffers",
        "stream_timeout", "stream_close_delay", "stream_buffer_size", "trusted_proxies", "method",
        "rewrite", "verbose_logs", "transport",
    ]
    private static let privateRanges: [JSONValue] = [
        "192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1",
    ]

    mutating func addUpstream(_ token: Token) throws(PluginError) {
        let address = try UpstreamAddress(token)
        guard scheme == .none || address.scheme == scheme else {
            throw PluginError(
                "\"\(token.text)\" differs in its scheme, expected \(scheme.rawValue):// as before",
                hint: "all upstreams of one reverse_proxy share a transport", at: token)
        }
        scheme = address.scheme
        for dial in try address.dialAddresses(at: token) {
            upstreams.append(["dial": .string(dial)])
        }
    }

    mutating func read(_ line: Line, of call: borrowing DirectiveCall) throws(PluginError) {
        if try loadBalancing.read(line) { return }
        if try health.read(line, of: call) { return }
        if try fields.read(line, of: call) { return }
        if try responses.read(line, of: call) { return }
        if try readUpstreams(line, of: call) { return }
        if try readBody(line) { return }
        switch line.name.text {
        case "trusted_proxies":
            try line.expectNoBlock()
            for range in line.texts {
                trustedProxies += range == "private_ranges" ? Self.privateRanges : [.string(range)]
            }
        case "method": rewrite["method"] = .string(try line.singleArgument().text)
        case "rewrite": rewrite["uri"] = .string(try line.singleArgument().text)
        case "verbose_logs":
            try line.expectArguments(0)
            members["verbose_logs"] = true
        default:
            let known =
                Self.names + LoadBalancingOptions.names + HealthOptions.names
                + FieldOptions.names + ResponseOptions.names
            throw .unknown(
                "option", line.name.text, in: "reverse_proxy", known: known, at: line.name)
        }
    }

    private mutating func readUpstreams(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        switch line.name.text {
        case "to":
            try line.expectNoBlock()
            guard !line.arguments.isEmpty else { throw line.missingArgument("an upstream") }
            for upstream in line.arguments { try addUpstream(upstream) }
        case "dynamic":
            guard dynamicUpstreams == nil else {
                throw PluginError("dynamic is given twice", at: line.name)
            }
            dynamicUpstreams = try DynamicOptions.source(line)
        case "transport":
            guard transport == nil else {
                throw PluginError("transport is given twice", at: line.name)
            }
            transport = try TransportOptions(line, of: call)
        default: return false
        }
        return true
    }

    private mutating func readBody(_ line: Line) throws(PluginError) -> Bool {
        let name = line.name.text
        switch name {
        case "flush_interval":
            let value = try line.singleArgument()
            members[name] = value.text == "-1" ? -1 : .int(try value.duration(name))
        case "request_buffers", "response_buffers":
            let value = try line.singleArgument()
            members[name] = value.text == "unlimited" ? -1 : .int(try value.byteCount(name))
        case "stream_timeout", "stream_close_delay":
            members[name] = .int(try line.singleArgument().duration(name))
        case "stream_buffer_size":
            members[name] = .int(try line.singleArgument().byteCount(name))
        default: return false
        }
        return true
    }

    /// The handler object, empty and zero members left out as in Caddy.
    func handler(at name: Token) throws(PluginError) -> JSONValue {
        var handler = members.filter { !$0.value.isEmpty }
        handler["handler"] = "reverse_proxy"
        if !upstreams.isEmpty { handler["upstreams"] = .array(upstreams) }
        if !trustedProxies.isEmpty { handler["trusted_proxies"] = .array(trustedProxies) }
        if !rewrite.isEmpty { handler["rewrite"] = .object(rewrite) }
        handler["dynamic_upstreams"] = dynamicUpstreams
        handler["load_balancing"] = loadBalancing.json
        handler["health_checks"] = health.json
        handler["headers"] = fields.json
        handler["handle_response"] = responses.json
        handler["transport"] = try TransportOptions.json(transport, scheme: scheme, at: name)
        return .object(handler)
    }
}
