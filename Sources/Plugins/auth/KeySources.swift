// Where in a request the client's key is.
import PluginSDK

struct KeySources: Sendable {
    /// What a request brought.
    enum Found {
        case absent
        /// Empty, too long, or two at once.
        case malformed
        case digest(Crypto.Digest)
    }

    private struct Source: Sendable {
        let field: FieldID
        /// nil when the whole value is the key.
        let scheme: Scheme?
    }

    private let sources: [Source]
    /// Whether the password of the Basic scheme may be the key, for clients with URLs only.
    let acceptsBasic: Bool

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        var sources = try configuration.objects("sources") { (source) throws(PluginError) in
            let name = try source.string("field") ?? ""
            let scheme = try source.string("scheme") ?? ""
            guard scheme.isEmpty || scheme.isFieldName else {
                throw PluginError("\(source.path).scheme is \"\(scheme)\", expected one word")
            }
            return Source(
                field: try scope.fieldID(name),
                scheme: scheme.isEmpty ? nil : Scheme(name: ConstantText(scheme)))
        }
        if sources.isEmpty {
            sources = [Source(field: .authorization, scheme: Scheme(name: ConstantText("Bearer")))]
        }
        self.sources = sources
        acceptsBasic = try configuration.bool("basic") ?? false
    }

    /// The hash of the key in the first field that has one.
    func find(in request: borrowing Request) throws(Status) -> Found {
        for source in sources {
            guard let index = request.fields.index(of: source.field, from: 0) else { continue }
            let value = request.fields.value(at: index)
            if let scheme = source.scheme {
                guard let key = scheme.credentials(in: value) else { continue }
                return try found(key, source.field, index, request)
            }
            return try value.withUnsafeBytes { (value) throws(Status) in
                try found(Bytes(value), source.field, index, request)
            }
        }
        return acceptsBasic ? try findPassword(in: request) : .absent
    }

    /// Removes the fields that keys are looked for in.
    func remove(from request: inout Request) {
        for source in sources { request.fields.remove(source.field) }
        if acceptsBasic { request.fields.remove(.authorization) }
    }

    private func found(
        _ key: Bytes, _ field: FieldID, _ index: Int, _ request: borrowing Request
    ) throws(Status) -> Found {
        guard !key.isEmpty, key.count <= Limits.apiKeyBytesMax,
            request.fields.index(of: field, from: index + 1) == nil
        else { return .malformed }
        return .digest(try Crypto.sha256(key))
    }

    private func findPassword(in request: borrowing Request) throws(Status) -> Found {
        guard let index = request.fields.index(of: .authorization, from: 0) else { return .absent }
        let value = request.fields.value(at: index)
        guard Scheme.basic.credentials(in: value) != nil else { return .absent }
        guard let credentials = try BasicCredentials.read(value, for: request) else {
            return .malformed
        }
        return try found(credentials.password, .authorization, index, request)
    }
}
