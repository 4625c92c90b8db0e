// Which names say that a value grants access.

/// The rule of the host for names of fields and options, see its `CredentialNames`.
enum CredentialNames {
    private static let parts = [
        "authorization", "cookie", "token", "secret", "password", "credential", "apikey",
    ]

    /// - Parameter name: Of a field, perhaps behind the sign of an operation.
    static func contains(_ name: String) -> Bool {
        let name = name.drop { "+->?".contains($0) }.lowercased()
        let words = name.split { $0 == "-" || $0 == "_" }
        return words.contains { $0 == "key" || $0 == "keys" }
            || parts.contains { part in name.indices.contains { name[$0...].hasPrefix(part) } }
    }
}

extension Scope {
    /// Refuses the value of a credential's field in which a run-time variable, `{env.NAME}`, is
    /// unset or empty: a request would go out as nobody, or with another's rights.
    func requireCredential(_ value: String, of field: String) throws(PluginError) {
        guard CredentialNames.contains(field) else { return }
        var rest = value[...]
        while let open = rest.firstIndex(of: "{") {
            rest = rest[open...].dropFirst()
            guard rest.hasPrefix("env."), let close = rest.firstIndex(of: "}") else { continue }
            let name = String(rest[..<close].dropFirst(4))
            guard environment(name)?.isEmpty ?? true else { continue }
            throw PluginError(
                "the credential in \(field) is empty", hint: "set the environment variable \(name)")
        }
    }
}
