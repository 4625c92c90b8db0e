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

    /// Replaces single arguments. A backslash before a brace keeps the brace from opening a
    /// placeholder and is taken off, as Caddy does.
    private func replaceIndices(in token: Token) -> Token {
        var result = token
        result.text = ""
        var rest = token.text[...]
        while let next = rest.firstIndex(where: { $0 == "{" || $0 == "\\" }) {
            result.text += rest[..<next]
            rest = rest[next...]
            if rest.first == "\\" {
                let escaped = rest.dropFirst().first.flatMap { "{}".contains($0) ? $0 : nil }
                result.text.append(escaped ?? "\\")
                rest = rest.dropFirst(escaped == nil ? 1 : 2)
            } else {
                rest = replaceReference(at: rest, in: &result)
            }
        }
        result.text += rest
        return result
    }

    /// Replaces the placeholder that `rest` starts with, or copies its brace.
    ///
    /// - Returns: What follows.
    private func replaceReference(at rest: Substring, in result: inout Token) -> Substring {
        guard let close = rest.firstIndex(of: "}"),
            let index = Self.index(in: rest[rest.index(after: rest.startIndex)..<close])
        else {
            result.text += "{"
            return rest.dropFirst()
        }
        if arguments.indices.contains(index) {
            result.text += arguments[index].text
            result.emptyVariable = result.emptyVariable ?? arguments[index].emptyVariable
        } else {
            result.text += rest[...close]
            result.emptyVariable = result.emptyVariable ?? vanishedVariable
        }
        return rest[rest.index(after: close)...]
    }

    /// The number in `args[1]`, or in the older form `args.1`.
    private static func index(in reference: Substring) -> Int? {
        if reference.hasPrefix("args["), reference.hasSuffix("]") {
            return Int(reference.dropFirst("args[".count).dropLast())
        }
        return reference.hasPrefix("args.") ? Int(reference.dropFirst("args.".count)) : nil
    }
}
