// What logs need of layers above them.

/// Given by whoever makes the `LogSystem`; the writer thread and the control thread use it.
package struct LogTextTools: Sendable {
    /// A text with every match replaced; `$1` and `${name}` in the replacement stand for groups.
    package typealias Replace = @Sendable (_ text: String, _ replacement: String) -> String

    /// SHA-256 of a text: 32 bytes.
    package let digest: @Sendable (String) -> [UInt8]
    /// Compiles a regular expression; why it cannot when it fails.
    package let compile: @Sendable (_ pattern: String) -> Result<Replace, LogError>
    /// A text with the placeholders filled in that need no request.
    package let expand: @Sendable (String) -> Result<String, LogError>

    package init(
        digest: @escaping @Sendable (String) -> [UInt8],
        compile: @escaping @Sendable (String) -> Result<Replace, LogError>,
        expand: @escaping @Sendable (String) -> Result<String, LogError>
    ) {
        self.digest = digest
        self.compile = compile
        self.expand = expand
    }

    /// Without them the edits that need them are refused.
    package static let none = LogTextTools(
        digest: { _ in [] },
        compile: { _ in .failure(LogError("no regular expressions here")) },
        expand: { .success($0) })

    /// Eight hexadecimal digits that stand for a text: enough to tell values apart, as Caddy has it.
    func shortHash(_ text: String) -> String {
        digest(text).prefix(4).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
