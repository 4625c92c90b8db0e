// What can be wrong with a plugin, and how it is told.

/// Why a plugin, a module or an instance cannot be used.
package struct LoaderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The rule that was broken.
    package enum Rule: Sendable, Equatable {
        case missing, unsafeFile, unreadable, format, architecture, manifest, abi
        case symbols, permission, entry, table, duplicate, step, directive, lock
    }

    package var rule: Rule
    package var plugin: String
    package var module: String?
    /// Lower case, no full stop: what was found, what was expected.
    package var message: String
    /// What to do about it; may be empty.
    package var hint: String

    package init(
        _ rule: Rule, plugin: String, module: String? = nil, _ message: String, hint: String = ""
    ) {
        self.rule = rule
        self.plugin = plugin
        self.module = module
        self.message = message
        self.hint = hint
    }

    package var description: String {
        let subject = module.map { "plugin \(plugin), module \($0)" } ?? "plugin \(plugin)"
        return "\(subject): \(message)" + (hint.isEmpty ? "" : " (\(hint))")
    }
}
