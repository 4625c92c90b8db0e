// The directive reverse_proxy.
import PluginSDK

extension Directive {
    /// reverse_proxy [<matcher>] [<upstream>…] { … }
    static let reverseProxy = Directive(
        "reverse_proxy", order: "rank:3400", summary: "sends requests to upstreams"
    ) { (call) throws(PluginError) in
        var options = ProxyOptions()
        for upstream in call.line.arguments { try options.addUpstream(upstream) }
        for line in call.line.lines { try options.read(line, of: call) }
        return try options.handler()
    }
}

/// What the lines of one reverse_proxy block have said so far.
struct ProxyOptions {
    private var upstreams: [JSONValue] = []
    private var scheme = UpstreamAddress.Scheme.none
    private var members: [String: JSONValue] = [:]
    private var requestFields = FieldChanges()
    private var responseFields = FieldChanges()

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
        switch line.name.text {
        case "to":
            try line.expectNoBlock()
            for upstream in line.arguments { try addUpstream(upstream) }
        case "flush_interval":
            let value = try line.singleArgument()
            members["flush_interval"] =
                value.text == "-1" ? -1 : .int(try value.duration("flush_interval"))
        case "header_up":
            try line.expectArguments(1...3)
            requestFields.add(line.arguments[0].text, line.texts.dropFirst().map { $0 })
        case "header_down":
            try line.expectArguments(1...3)
            responseFields.add(line.arguments[0].text, line.texts.dropFirst().map { $0 })
        default:
            throw .unknown(
                "option", line.name.text, in: "reverse_proxy", known: [], at: line.name)
        }
    }

    func handler() throws(PluginError) -> JSONValue {
        var handler = members
        handler["handler"] = "reverse_proxy"
        if !upstreams.isEmpty { handler["upstreams"] = .array(upstreams) }
        let fields: JSONValue = .members([
            "request": .object(requestFields.members), "response": .object(responseFields.members),
        ])
        if !fields.isEmpty { handler["headers"] = fields }
        if scheme == .https { handler["transport"] = ["protocol": "http", "tls": [:]] }
        return .object(handler)
    }
}
