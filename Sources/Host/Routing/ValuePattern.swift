// Expected values of fields: exact, or with a star at one end or both.

/// One value that a field may have. Stars count where the configuration wrote them, never in what
/// a placeholder brings.
struct ValuePattern: Sendable {
    private enum Kind: Sendable { case any, exact, prefix, suffix, substring }

    private let kind: Kind
    private let text: Template

    init(_ value: String, names: NameRegistry, at location: String) throws(RoutingError) {
        let starts = value.hasPrefix("*")
        let ends = value.hasSuffix("*")
        var body = Substring(value)
        if value == "*" {
            (kind, body) = (.any, "")
        } else if starts, ends {
            (kind, body) = (.substring, value.dropFirst().dropLast())
        } else if starts {
            (kind, body) = (.suffix, value.dropFirst())
        } else if ends {
            (kind, body) = (.prefix, value.dropLast())
        } else {
            kind = .exact
        }
        text = try Template(String(body), names: names, at: location)
    }

    /// Whether nothing secret is left of it: the text is empty, or ends where a scheme such as
    /// `Bearer ` does. An unset variable does that.
    var lacksSecret: Bool {
        guard kind != .any, let constant = text.constant else { return false }
        guard constant.count > 0 else { return true }
        return kind == .exact && constant[constant.count - 1] == 0x20
    }

    /// - Parameter isSecret: Compares exact values in constant time, and an expectation that
    ///   turns out empty matches nothing.
    func matches(_ value: Bytes, isSecret: Bool, _ context: RequestContext) -> Bool {
        if kind == .any { return true }
        guard let text = text.evaluate(context), text.count > 0 || !isSecret else { return false }
        switch kind {
        case .any: return true
        case .exact: return isSecret ? value.isEqualInConstantTime(text) : value.isEqual(text)
        case .prefix: return value.hasPrefix(text)
        case .suffix: return value.hasSuffix(text)
        case .substring: return value.contains(text)
        }
    }
}
