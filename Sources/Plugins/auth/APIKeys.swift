// Lets requests pass that bring one of many named keys, and says upstream whose it was.
import PluginSDK

struct APIKeys: RequestHook {
    static let id = "http.handlers.api_keys"
    static let directives = [Directive.apiKeys]

    private let names: [ConstantText]
    private let digests: DigestTable
    private let sources: KeySources
    private let nameField: OwnedField?
    private let upstreamKey: UpstreamKey?
    private let stripsKey: Bool
    private let denial: KeyDenial

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let keys = try APIKeyList(configuration: &configuration, scope: scope)
        names = keys.names.map { ConstantText($0) }
        digests = DigestTable(keys.digests)
        sources = try KeySources(configuration: &configuration, scope: scope)
        nameField = try configuration.string("name_field").map { (name) throws(PluginError) in
            try OwnedField(name, scope: scope)
        }
        upstreamKey = try configuration.object("upstream_key") { (key) throws(PluginError) in
            try UpstreamKey(configuration: &key, scope: scope)
        }
        stripsKey = try configuration.bool("strip_key") ?? false
        let realm = try configuration.string("realm") ?? "api"
        guard realm.isFieldValue else { throw PluginError("realm has control characters") }
        denial = KeyDenial(realm: realm, acceptsBasic: sources.acceptsBasic)
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        switch try sources.find(in: request) {
        case .absent:
            return try denial.answer(&request, isKeyMissing: true)
        case .malformed:
            return try denial.answer(&request, isKeyMissing: false)
        case .digest(let digest):
            guard let index = digests.index(of: digest) else {
                return try denial.answer(&request, isKeyMissing: false)
            }
            try accept(names[index].bytes, &request)
            return .next
        }
    }

    private func accept(_ name: Bytes, _ request: inout Request) throws(Status) {
        try request.setPlaceholder("http.auth.user.id", to: name)
        try request.setPlaceholder("http.auth.api_key.name", to: name)
        if stripsKey || upstreamKey != nil { sources.remove(from: &request) }
        if let upstreamKey {
            try upstreamKey.field.remove(from: &request)
            try request.fields.set(upstreamKey.field.id, upstreamKey.value.bytes)
        }
        if let nameField {
            try nameField.remove(from: &request)
            try request.fields.set(nameField.id, name)
        }
    }
}

/// The key that the upstream gets instead of the client's.
private struct UpstreamKey: Sendable {
    let field: OwnedField
    let value: ConstantText

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let name = try configuration.string("field") ?? "Authorization"
        field = try OwnedField(name, scope: scope)
        let key = try scope.evaluate(try configuration.string("value") ?? "")
        guard !key.isEmpty else {
            throw PluginError(
                "upstream_key is empty", hint: "set the environment variable that it comes from")
        }
        guard key.isFieldValue else { throw PluginError("upstream_key has control characters") }
        // A value with a space brings its own scheme.
        let needsScheme = field.id == .authorization && !key.utf8.contains(UInt8(ascii: " "))
        value = ConstantText(needsScheme ? "Bearer \(key)" : key)
    }
}
