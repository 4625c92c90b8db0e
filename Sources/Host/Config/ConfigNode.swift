// A directive or option with its arguments and its block: the tree over the flat tokens.
internal import Base

/// One line of a block and, when it ends in `{`, the block behind it.
///
/// `tokens` is the flat form with braces, as plugins get it; `arguments` and `block` are for the
/// host's own directives.
struct ConfigNode {
    let tokens: ArraySlice<Token>
    let arguments: ArraySlice<Token>
    let block: [ConfigNode]?

    var name: Token { tokens[tokens.startIndex] }
    var children: [ConfigNode] { block ?? [] }
    var texts: [String] { arguments.map(\.text) }

    /// - Parameter tokens: One directive with balanced braces, at least its name.
    init(_ tokens: ArraySlice<Token>) throws(ConfigError) {
        self.tokens = tokens
        guard let brace = Self.openingBrace(in: tokens) else {
            arguments = tokens.dropFirst()
            block = nil
            if let stray = tokens.dropFirst().first(where: { $0.closesBlock }) {
                throw ConfigError("unexpected '}' without an opening brace", at: stray)
            }
            return
        }
        arguments = tokens[(tokens.startIndex + 1)..<brace]
        guard tokens.last?.closesBlock == true, tokens.count > 2 else {
            throw ConfigError(
                "block of \(tokens[tokens.startIndex].text) is never closed, expected '}'",
                at: tokens[brace])
        }
        block = try Self.nodes(in: tokens[(brace + 1)..<(tokens.endIndex - 1)])
    }

    /// Splits the inside of a block into its lines, each with the block that it opens.
    static func nodes(in tokens: ArraySlice<Token>) throws(ConfigError) -> [ConfigNode] {
        var nodes: [ConfigNode] = []
        var start = tokens.startIndex
        while start < tokens.endIndex {
            let end = try endOfNode(in: tokens, from: start)
            nodes.append(try ConfigNode(tokens[start..<end]))
            start = end
        }
        return nodes
    }

    private static func openingBrace(in tokens: ArraySlice<Token>) -> Int? {
        tokens.dropFirst().firstIndex { $0.opensBlock }
    }

    private static func endOfNode(
        in tokens: ArraySlice<Token>, from start: Int
    ) throws(ConfigError) -> Int {
        if tokens[start].opensBlock {
            throw ConfigError("unexpected '{', expected a name before it", at: tokens[start])
        }
        var depth = 0
        var index = start
        while index < tokens.endIndex {
            let token = tokens[index]
            if index > start, depth == 0, tokens[index - 1].isFollowedByLineBreak(before: token) {
                return index
            }
            if token.opensBlock { depth += 1 }
            if token.closesBlock {
                depth -= 1
                if depth < 0 {
                    throw ConfigError("unexpected '}' without an opening brace", at: token)
                }
                if depth == 0 { return index + 1 }
            }
            index += 1
        }
        return index
    }
}

// MARK: - Arguments, for the host's own directives

extension ConfigNode {
    /// Exactly one argument and no block.
    func onlyArgument(_ what: String) throws(ConfigError) -> Token {
        guard arguments.count == 1, let argument = arguments.first else {
            throw wrongCount("one \(what)")
        }
        try refuseBlock()
        return argument
    }

    func refuseArguments() throws(ConfigError) {
        if let extra = arguments.first {
            throw ConfigError(
                "unexpected argument \"\(extra.text)\" of \(name.text), expected none", at: extra)
        }
    }

    func refuseBlock() throws(ConfigError) {
        if block != nil { throw ConfigError("\(name.text) takes no block", at: name) }
    }

    func atLeastOneArgument(_ what: String) throws(ConfigError) -> [String] {
        if arguments.isEmpty { throw wrongCount("one or more \(what)s") }
        return texts
    }

    func wrongCount(_ expected: String) -> ConfigError {
        ConfigError(
            "wrong argument count after \(name.text): found \(arguments.count), expected "
                + "\(expected)",
            at: arguments.last ?? name)
    }

    /// The error for a name that `owner` does not know.
    func unknown(_ kind: String, in owner: String, known: some Sequence<String>) -> ConfigError {
        ConfigError(
            "unknown \(kind) \"\(name.text)\" in \(owner)", at: name,
            hint: Suggestion.hint(for: name.text, among: known))
    }

    /// The arguments and the block of this node under the name of the first argument: how a module
    /// name follows an option (`output file …`, `issuer acme {…}`).
    func module(_ what: String) throws(ConfigError) -> ConfigNode {
        guard !arguments.isEmpty else { throw wrongCount("the name of a \(what)") }
        return try ConfigNode(tokens.dropFirst())
    }
}
