// The host of a question, taken apart into labels.

/// A host without its suffix. "API.Shop.LOCALHOST." has the labels "api" and "shop".
struct HostName {
    /// The first label of the host first.
    let labels: [Name]
    /// As it was written, lower case, without a port and a dot at the end.
    let text: String

    /// Suffixes that say only "this machine".
    static let suffixes = ["localhost", "test", "local", "internal", "home.arpa", "lan"]

    /// nil for an address, for a suffix alone, and for what is no name.
    init?(_ host: String, suffixes: [String] = Self.suffixes) {
        var text = host.lowercased()
        if let colon = text.lastIndex(of: ":"),
            text[text.index(after: colon)...].allSatisfy(\.isNumber)
        {
            text.removeSubrange(colon...)
        }
        if text.hasSuffix(".") { text.removeLast() }
        self.text = text
        guard !text.isEmpty, text.utf8.count <= 253,
            let rest = Self.withoutSuffix(text, suffixes), !rest.isEmpty
        else { return nil }
        var labels: [Name] = []
        for label in rest.split(separator: ".", omittingEmptySubsequences: false) {
            guard let decoded = Punycode.label(String(label)) else { return nil }
            let name = Name(decoded)
            guard !name.isEmpty else { return nil }
            labels.append(name)
        }
        guard !labels.allSatisfy({ $0.number != nil }) || labels.count == 1 else { return nil }
        self.labels = labels
    }

    private static func withoutSuffix(_ text: String, _ suffixes: [String]) -> Substring? {
        for suffix in suffixes {
            if text == suffix { return nil }
            if text.hasSuffix("." + suffix) { return text.dropLast(suffix.utf8.count + 1) }
        }
        return text[...]
    }
}
