// Looking for text in text without the module for regular expressions.

extension StringProtocol {
    /// Where `text` begins in this, first to last.
    func places(of text: String) -> [Index] { indices.filter { self[$0...].hasPrefix(text) } }

    /// Whether `text` is somewhere in this.
    func contains(text: String) -> Bool {
        text.isEmpty || indices.contains { self[$0...].hasPrefix(text) }
    }
}
