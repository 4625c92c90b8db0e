// The answer to a request without a valid key (RFC 6750 §3), in the shape of the OpenAI API for
// its clients.
import PluginSDK

struct KeyDenial: Sendable {
    /// For a request that brought no key.
    private let challenge: ConstantText
    /// For a request whose key is not known.
    private let challengeForInvalid: ConstantText
    private let basicChallenge: ConstantText?

    init(realm: String, acceptsBasic: Bool) {
        let realm = "realm=" + realm.quotedForField
        challenge = ConstantText("Bearer \(realm)")
        challengeForInvalid = ConstantText("Bearer \(realm), error=\"invalid_token\"")
        basicChallenge = acceptsBasic ? ConstantText("Basic \(realm)") : nil
    }

    func answer(_ request: inout Request, isKeyMissing: Bool) throws(Status) -> Verdict {
        let wantsJSON = Self.wantsJSON(request)
        var response = try request.response(status: 401)
        try response.fields.set(
            .wwwAuthenticate, (isKeyMissing ? challenge : challengeForInvalid).bytes)
        if let basicChallenge { try response.fields.add(.wwwAuthenticate, basicChallenge.bytes) }
        let type: Bytes = wantsJSON ? "application/json" : "text/plain; charset=utf-8"
        try response.fields.set(.contentType, type)
        return try request.respond(Self.body(isKeyMissing: isKeyMissing, isJSON: wantsJSON))
    }

    private static func body(isKeyMissing: Bool, isJSON: Bool) -> Bytes {
        switch (isKeyMissing, isJSON) {
        case (true, true):
            #"""
            {"error":{"message":"No API key was provided.","type":"invalid_request_error",\#
            "param":null,"code":"invalid_api_key"}}
            """#
        case (false, true):
            #"""
            {"error":{"message":"The API key is not valid.","type":"invalid_request_error",\#
            "param":null,"code":"invalid_api_key"}}
            """#
        case (true, false): "No API key was provided.\n"
        case (false, false): "The API key is not valid.\n"
        }
    }

    private static func wantsJSON(_ request: borrowing Request) -> Bool {
        if request.path.hasPrefix("/v1/") { return true }
        if let type = request.fields[.contentType], type.contains("json") { return true }
        guard let accept = request.fields[.accept] else { return false }
        return accept.contains("json") || accept.contains("*/*")
    }
}

extension RawSpan {
    /// Whether a text occurs in it, in any case of ASCII letters.
    fileprivate func contains(_ text: Bytes) -> Bool {
        guard byteCount >= text.count else { return false }
        for start in 0...(byteCount - text.count)
        where extracting(start..<(start + text.count)).equalsIgnoringCase(text) {
            return true
        }
        return false
    }
}
