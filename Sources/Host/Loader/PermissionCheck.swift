// What a plugin's file imports against what its manifest asks for.

/// Permissions that a plugin needs and does not ask for.
package struct PermissionCheck {
    /// One of them, with the imports that need it, sorted.
    package struct Lack: Equatable {
        package var permission: Permission
        package var symbols: [String]
    }

    /// In the order of `Permission`.
    package let lacks: [Lack]
    /// What the manifest asks for and this host does not know.
    package let unknown: [String]
    private let asked: [String]

    /// Looks at the file's own undefined symbols; those of libraries that it is linked with are
    /// their own.
    package init(_ image: ELFImage, _ manifest: PluginManifest) throws(ObjectFileError) {
        asked = manifest.permissions
        let given = Set(manifest.permissions)
        unknown = manifest.permissions.filter { Permission(rawValue: $0) == nil }
        var symbols: [Permission: Set<String>] = [:]
        for name in try image.imports().map(\.name) {
            guard let permission = PermissionTable.permission(for: name),
                !given.contains(permission.rawValue),
                !PermissionTable.comesWithRuntime(name, manifest.runtime)
            else { continue }
            symbols[permission, default: []].insert(name)
        }
        lacks = Permission.allCases.compactMap { permission in
            symbols[permission].map { Lack(permission: permission, symbols: $0.sorted()) }
        }
    }

    /// What is missing, in one line; nil when nothing is.
    package var message: String? {
        guard !lacks.isEmpty else { return nil }
        return lacks.map { lack in
            let shown = lack.symbols.prefix(5).joined(separator: ", ")
            let more = lack.symbols.count > 5 ? " and \(lack.symbols.count - 5) more" : ""
            return "imports \(shown)\(more), for which it needs the permission \(lack.permission)"
        }.joined(separator: "; ")
    }

    /// The line for the manifest that would allow it.
    package var hint: String {
        let all = asked + lacks.map(\.permission.rawValue)
        let list = all.map { "\"\($0)\"" }.joined(separator: ", ")
        return "add \"permissions\": [\(list)] to its manifest if it is meant to"
    }

    var warnings: [String] {
        unknown.map { "manifest: unknown permission \"\($0)\"" }
    }
}
