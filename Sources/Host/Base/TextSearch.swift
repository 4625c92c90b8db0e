// Looking for text in text without the module for regular expressions.

extension StringProtocol {
    /// Whether `text` is somewhere in this.
    package func contains(text: String) -> Bool {
        text.isEmpty || indices.contains { self[$0...].hasPrefix(text) }
    }
}
