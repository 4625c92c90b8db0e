// The directive forward_auth, short for a reverse_proxy that asks somebody else.
import PluginSDK

extension Directive {
    /// forward_auth [<matcher>] [<upstreams…>] {
    ///     uri <to>
    ///     copy_headers <field>[><new name>]… {
    ///         <field>[><new name>]…
    ///     }
    ///     <options of reverse_proxy>
    /// }
    static let forwardAuth = Directive(
        "forward_auth", order: "rank:1900", summary: "asks another service who may pass"
    ) { (call) throws(PluginError) in
        let forward = try ForwardAuth(call.line)
        let proxy = try call.expansion(of: "reverse_proxy", with: forward.proxyTokens)
        return try forward.completing(proxy)
    }
}

/// What the lines of one forward_auth say.
struct ForwardAuth {
    /// A field of the auth service's answer, and its name in the request.
    struct CopiedField: Equatable {
        let source: String
        let target: String
    }

    let uri: String
    /// Sorted by source.
    let copiedFields: [CopiedField]
    /// The tokens that are reverse_proxy's own.
    let proxyTokens: [Range<UInt32>]

    init(_ line: Line) throws(PluginError) {
        var uri: Token?
        var fields: [CopiedField] = []
        var others: [Range<UInt32>] = []
        for option in line.lines {
            switch option.name.text {
            case "uri":
                let value = try option.singleArgument()
                guard uri == nil else { throw PluginError("uri is given twice", at: option.name) }
                guard !value.text.isEmpty else { throw PluginError("uri is empty", at: value) }
                uri = value
            case "copy_headers":
                try Self.read(option, into: &fields)
            default:
                others.append(option.tokens)
            }
        }
        guard let uri else {
            throw PluginError(
                "forward_auth has no uri, expected the path to ask at",
                hint: "add a line such as: uri /auth", at: line.name)
        }
        self.uri = uri.text
        copiedFields = fields.sorted { $0.source < $1.source }
        proxyTokens = Self.tokens(of: line, keeping: others)
    }

    /// Adds to the JSON of a reverse_proxy what makes it ask and go on.
    func completing(_ proxy: JSONValue) throws(PluginError) -> JSONValue {
        guard case .object(var members) = proxy else {
            throw PluginError("reverse_proxy gave \(proxy.kind), expected an object")
        }
        members["rewrite"] = rewrite(over: members["rewrite"])
        members["headers"] = headers(over: members["headers"])
        members["handle_response"] = handleResponse(before: members["handle_response"])
        return .object(members)
    }

    private func rewrite(over own: JSONValue?) -> JSONValue {
        own.adding(["method": "GET", "uri": .string(uri)])
    }

    /// Where the client wanted to go; header_up may say something else.
    private func headers(over own: JSONValue?) -> JSONValue {
        let request = own.member("request")
        let set = request.member("set").adding([
            "X-Forwarded-Method": ["{http.request.method}"],
            "X-Forwarded-Uri": ["{http.request.uri}"],
        ])
        return own.replacing("request", request.replacing("set", set))
    }

    /// Without a route that answers, the chain goes on behind this handler.
    private func handleResponse(before own: JSONValue?) -> JSONValue {
        var routes: [JSONValue] = [["handle": [["handler": "vars"]]]]
        for field in copiedFields { routes += copyRoutes(field) }
        let good: JSONValue = ["match": ["status_code": [2]], "routes": .array(routes)]
        if case .array(let others) = own { return .array([good] + others) }
        return [good]
    }

    /// The client's own field is removed even when the answer does not have one.
    private func copyRoutes(_ field: CopiedField) -> [JSONValue] {
        let placeholder = "{http.reverse_proxy.header.\(field.source)}"
        let name: JSONValue = .string(field.target)
        return [
            ["handle": [["handler": "headers", "request": ["delete": [name]]]]],
            [
                "handle": [
                    [
                        "handler": "headers",
                        "request": [
                            "set": .object([field.target: [.string(placeholder)]])
                        ],
                    ]
                ],
                "match": [["not": [["vars": .object([placeholder: [""]])]]]],
            ],
        ]
    }

    private static func read(
        _ line: Line, into fields: inout [CopiedField]
    ) throws(PluginError) {
        let inner = line.lines
        for nested in inner { try nested.expectNoBlock() }
        let tokens = line.arguments + inner.flatMap { [$0.name] + $0.arguments }
        guard !tokens.isEmpty else {
            throw PluginError("copy_headers names no field", at: line.name)
        }
        for token in tokens {
            let field = try copiedField(token)
            guard !fields.contains(where: { $0.target == field.target && $0 != field }) else {
                throw PluginError("two fields are copied to \(field.target)", at: token)
            }
            // As in Caddy, the last one of several with the same source counts.
            fields.removeAll { $0.source == field.source }
            fields.append(field)
        }
    }

    private static func copiedField(_ token: Token) throws(PluginError) -> CopiedField {
        let parts = token.text.split(separator: ">", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.isFieldName }) else {
            throw PluginError(
                "\"\(token.text)\" is no field name, expected Name or Name>New-Name", at: token)
        }
        let names = parts.map { $0.canonicalFieldName }
        return CopiedField(source: names[0], target: names[names.count - 1])
    }

    private static func tokens(of line: Line, keeping lines: [Range<UInt32>]) -> [Range<UInt32>] {
        let arguments = line.arguments.map { $0.index..<($0.index + 1) }
        guard !lines.isEmpty else { return arguments }
        let (first, end) = (line.blockTokens.lowerBound, line.blockTokens.upperBound)
        return arguments + [(first - 1)..<first] + lines + [end..<(end + 1)]
    }
}

extension JSONValue? {
    /// The member of an object; nil otherwise.
    fileprivate func member(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// An object with more members, its own ones winning.
    fileprivate func adding(_ others: [String: JSONValue]) -> JSONValue {
        guard case .object(let own) = self else { return .object(others) }
        return .object(own.merging(others) { own, _ in own })
    }

    fileprivate func replacing(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var own) = self else { return .object([name: value]) }
        own[name] = value
        return .object(own)
    }
}
