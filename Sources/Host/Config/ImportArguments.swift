// `{args[0]}`, `{args[1:3]}` and `{args[:]}` of an import.

struct ImportArguments {
    private let arguments: [Token]
    /// The variable that vanished from the import line, so that an argument is missing.
    private let vanishedVariable: String?

    init(_ arguments: [Token], vanished target: Token) {
        self.arguments = arguments
        vanishedVariable = target.emptyVariable
    }

    /// The name in `{blocks.name}`.
    static func blockName(in text: String) -> String? {
        guard text.hasPrefix("{blocks."), text.hasSuffix("}") else { return nil }
        return String(text.dropFirst("{blocks.".count).dropLast())
    }

    /// The token with its placeholders replaced; a range alone in a token gives several tokens.
    /// Indices out of bounds stay as they are.
    func substitute(in token: Token) -> [Token] {
        guard token.text.utf8.contains(UInt8(ascii: "{")) else { return [token] }
        if let range = range(in: token.text) {
            return arguments[range].map { argument in
                var copy = token
                copy.text = argument.text
                copy.emptyVariable = argument.emptyVariable ?? token.emptyVariable
                return copy
            }
        }
        return [replaceIndices(in: token)]
    }

    /// The bounds of `{args[a:b]}` when they fit the arguments.
    private func range(in text: String) -> Range<Int>? {
        guard text.hasPrefix("{args["), text.hasSuffix("]}") else { return nil }
        let inner = text.dropFirst("{args[".count).dropLast("]}".count)
        guard let colon = inner.firstIndex(of: ":") else { return nil }
        let before = inner[..<colon]
        let after = inner[inner.index(after: colon)...]
        guard let start = before.isEmpty ? 0 : Int(before),
            let end = after.isEmpty ? arguments.count : Int(after),
            start >= 0, start <= end, end <= arguments.count
        else { return nil }
        return start..<end
    }

    private func replaceIndices(in token: Token) -> Token {
        var result = token
        result.text = ""
        var rest = token.text[...]
        while let open = rest.firstIndex(of: "{") {
            result.text += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                let index = Self.index(in: rest[rest.index(after: open)..<close])
            else {
                result.text += "{"
                rest = rest.dropFirst()
                continue
            }
            if index >= 0, index < arguments.count {
                result.text += arguments[index].text
                result.emptyVariable = result.emptyVariable ?? arguments[index].emptyVariable
            } else {
                result.text += rest[...close]
                result.emptyVariable = result.emptyVariable ?? vanishedVariable
            }
            rest = rest[rest.index(after: close)...]
        }
        result.text += rest
        return result
    }

    /// The number in `args[1]`, or in the older form `args.1`.
    private static func index(in reference: Substring) -> Int? {
        if reference.hasPrefix("args["), reference.hasSuffix("]") {
            return Int(reference.dropFirst("args[".count).dropLast())
        }
        return reference.hasPrefix("args.") ? Int(reference.dropFirst("args.".count)) : nil
    }
}
