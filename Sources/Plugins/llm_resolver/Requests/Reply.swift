// An answer that this handler gives itself.
import PluginSDK

struct Reply: Sendable {
    var status: UInt16
    var contentType = "text/plain; charset=utf-8"
    var body = ""
    var fields: [(id: FieldID, value: String)] = []

    static func text(_ status: UInt16, _ body: String) -> Reply {
        Reply(status: status, body: body)
    }

    static func json(_ status: UInt16, _ value: JSONValue) -> Reply {
        Reply(status: status, contentType: "application/json", body: value.serialized + "\n")
    }

    /// - Parameter code: Stable, for programs.
    static func error(
        _ status: UInt16, _ code: String, _ message: String, fields: [String: String] = [:]
    ) -> Reply {
        var error: [String: JSONValue] = ["code": .string(code), "message": .string(message)]
        if !fields.isEmpty { error["fields"] = .object(fields.mapValues(JSONValue.string)) }
        return .json(status, ["error": .object(error)])
    }

    func adding(_ id: FieldID, _ value: String) -> Reply {
        var reply = self
        reply.fields.append((id, value))
        return reply
    }

    func give(to request: inout Request, _ names: FieldNames) throws(Status) -> Verdict {
        var response = try request.response(status: status)
        if !body.isEmpty {
            try contentType.withBytes { (type) throws(Status) in
                try response.fields.set(.contentType, type)
            }
        }
        if !fields.contains(where: { $0.id == .cacheControl }) {
            try response.fields.set(.cacheControl, "no-store")
        }
        try response.fields.set(names.contentTypeOptions, "nosniff")
        for field in fields {
            try field.value.withBytes { (value) throws(Status) in
                try response.fields.set(field.id, value)
            }
        }
        return try body.withBytes { (body) throws(Status) in try request.respond(body) }
    }
}

/// Field names beyond those that every host knows.
struct FieldNames: Sendable {
    let allow: FieldID
    let contentTypeOptions: FieldID
    let contentSecurityPolicy: FieldID
    let frameOptions: FieldID
    let referrerPolicy: FieldID
    let fetchSite: FieldID
    let fetchMode: FieldID
    let forwardedPrefix: FieldID
    let resolve: FieldID

    init(_ scope: Scope) throws(PluginError) {
        allow = try scope.fieldID("Allow")
        contentTypeOptions = try scope.fieldID("X-Content-Type-Options")
        contentSecurityPolicy = try scope.fieldID("Content-Security-Policy")
        frameOptions = try scope.fieldID("X-Frame-Options")
        referrerPolicy = try scope.fieldID("Referrer-Policy")
        fetchSite = try scope.fieldID("Sec-Fetch-Site")
        fetchMode = try scope.fieldID("Sec-Fetch-Mode")
        forwardedPrefix = try scope.fieldID("X-Forwarded-Prefix")
        resolve = try scope.fieldID("Gatewright-Resolve")
    }
}

extension RawSpan {
    /// Whether a text occurs in it, in any case of ASCII letters.
    func contains(_ text: Bytes) -> Bool {
        guard byteCount >= text.count else { return false }
        for start in 0...(byteCount - text.count)
        where extracting(start..<(start + text.count)).equalsIgnoringCase(text) {
            return true
        }
        return false
    }
}
