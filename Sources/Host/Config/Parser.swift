// Tokens to site blocks: addresses, braces, snippets, named routes; imports are expanded here.
import Base

/// How the parser reaches files and the environment.
package struct ConfigSources: Sendable {
    /// The bytes of a file; throws when there is no such file.
    package var readFile: @Sendable (_ path: String) throws -> [UInt8]
    /// The paths that match a pattern with one wildcard, sorted.
    package var glob: @Sendable (_ pattern: String) throws -> [String]
    package var environment: @Sendable (_ name: String) -> String?

    package init(
        readFile: @escaping @Sendable (_ path: String) throws -> [UInt8],
        glob: @escaping @Sendable (_ pattern: String) throws -> [String],
        environment: @escaping @Sendable (_ name: String) -> String?
    ) {
        self.readFile = readFile
        self.glob = glob
        self.environment = environment
    }
}

struct Parser {
    let sources: ConfigSources
    let mainFile: String
    /// Tokens not read yet, last one first, so that imports are put back cheaply.
    var pending: [Token] = []
    var previous: Token?
    var snippets: [String: [Token]] = [:]
    var importCount = 0
    var files: [String: SourceFile] = [:]
    var warnings: [ConfigWarning] = []
    private var block = SiteBlock()

    init(fileName: String, sources: ConfigSources) {
        self.sources = sources
        mainFile = fileName
    }

    /// - Throws: `ConfigError` at the first thing that is no valid Caddyfile.
    mutating func parse(_ bytes: [UInt8]) throws(ConfigError) -> [SiteBlock] {
        pending = try lex(bytes, name: mainFile).reversed()
        var blocks: [SiteBlock] = []
        while !pending.isEmpty {
            block = SiteBlock()
            try parseBlock()
            if !block.keys.isEmpty || !block.directives.isEmpty { blocks.append(block) }
        }
        return blocks
    }

    mutating func lex(_ bytes: [UInt8], name: String) throws(ConfigError) -> [Token] {
        let file = SourceFile(name: name, bytes: bytes)
        files[name] = file
        let result = try Lexer.tokens(
            of: bytes, file: file, environment: sources.environment)
        for (name, location) in result.emptyVariables {
            var warning = ConfigWarning(
                "environment variable \(name) is unset or empty", at: location)
            warning.emptyVariable = name
            warnings.append(warning)
        }
        return result.tokens
    }

    // MARK: Cursor

    var next: Token? { pending.last }

    @discardableResult
    mutating func take() -> Token? {
        previous = pending.popLast()
        return previous
    }

    /// Whether the next token starts a line.
    var nextStartsLine: Bool {
        guard let previous, let next else { return true }
        return previous.isFollowedByLineBreak(before: next)
    }

    // MARK: Blocks

    private mutating func parseBlock() throws(ConfigError) {
        try parseAddresses()
        if block.keys.count == 1, let name = Self.name(of: block.keys[0], prefix: "&(") {
            block.isNamedRoute = true
            block.keys[0].text = name
        } else if block.keys.count == 1, let name = Self.name(of: block.keys[0], prefix: "(") {
            try defineSnippet(name)
            block = SiteBlock()
            return
        }
        guard let opening = next, opening.opensBlock else {
            if block.isNamedRoute {
                throw ConfigError("named route without a block, expected '{'", at: block.keys[0])
            }
            try refuseOptionsAfterSnippetImport()
            return try parseDirectives(openedBy: nil)
        }
        if block.keys.isEmpty, let name = opening.emptyVariable {
            throw ConfigError(
                "environment variable \(name) is unset or empty, expected a site address",
                at: opening)
        }
        take()
        try parseDirectives(openedBy: opening)
    }

    /// The name inside `(name)` or `&(name)`.
    private static func name(of key: Token, prefix: String) -> String? {
        guard key.text.hasPrefix(prefix), key.text.hasSuffix(")") else { return nil }
        return String(key.text.dropFirst(prefix.count).dropLast())
    }

    private func refuseOptionsAfterSnippetImport() throws(ConfigError) {
        let onlySnippets = block.keys.allSatisfy { Self.name(of: $0, prefix: "(") != nil }
        if let next, next.text == "import", onlySnippets, !block.keys.isEmpty {
            throw ConfigError(
                "global options block must appear before import directives", at: block.keys[0],
                hint: "move it to the top of the file")
        }
    }

    private mutating func defineSnippet(_ name: String) throws(ConfigError) {
        let key = block.keys[0]
        if snippets[name] != nil {
            throw ConfigError("redeclaration of previously declared snippet \(name)", at: key)
        }
        guard let opening = take(), opening.opensBlock else {
            throw ConfigError("snippet without a block, expected '{' after its name", at: key)
        }
        snippets[name] = try takeBalanced(openedBy: opening)
    }

    /// The tokens up to the brace that closes `opening`, which is taken too.
    mutating func takeBalanced(openedBy opening: Token) throws(ConfigError) -> [Token] {
        var depth = 1
        var body: [Token] = []
        while let token = take() {
            if token.opensBlock {
                try checkDepth(depth, at: token)
                depth += 1
            }
            if token.closesBlock {
                depth -= 1
                if depth == 0 { return body }
            }
            body.append(token)
        }
        throw ConfigError("block is never closed, expected '}'", at: opening)
    }

    // MARK: Addresses

    private mutating func parseAddresses() throws(ConfigError) {
        var expectingAnother = false
        while let token = next {
            if token.text == "import", nextStartsLine {
                try expandImport(insideBlock: false)
                continue
            }
            if token.opensBlock {
                if expectingAnother {
                    throw ConfigError(
                        "expected another address but found '{', check for an extra comma",
                        at: token)
                }
                block.hasBraces = true
                return
            }
            expectingAnother = try takeAddress()
            guard next != nil else {
                if expectingAnother {
                    throw ConfigError(
                        "unexpected end of file, expected another address after the comma",
                        at: token)
                }
                return
            }
            if !expectingAnother, nextStartsLine { return }
        }
    }

    /// - Returns: Whether a comma behind it asks for another one.
    private mutating func takeAddress() throws(ConfigError) -> Bool {
        guard var token = take() else { return false }
        if token.closesBlock {
            throw ConfigError("unexpected '}' without an opening brace", at: token)
        }
        if token.text.hasPrefix("@") {
            throw ConfigError(
                "request matchers may not be defined globally, they must be in a site block; "
                    + "found \(token.text)",
                at: token)
        }
        if token.text.hasSuffix("{"), !token.isQuoted {
            throw ConfigError(
                "site addresses cannot end with a curly brace: '\(token.text)'", at: token,
                hint: "put a space between the address and the brace")
        }
        let expectsAnother = token.text.utf8.last == UInt8(ascii: ",")
        if expectsAnother { token.text.removeLast() }
        if token.text.utf8.contains(UInt8(ascii: ",")) {
            throw ConfigError(
                "site addresses cannot contain a comma: '\(token.text)'", at: token,
                hint: "put a space after the comma to separate site addresses")
        }
        if !token.text.isEmpty { block.keys.append(token) }
        return expectsAnother
    }

    // MARK: Directives

    private mutating func parseDirectives(openedBy opening: Token?) throws(ConfigError) {
        while let token = next {
            if token.closesBlock {
                guard opening != nil else {
                    throw ConfigError("unexpected '}' without an opening brace", at: token)
                }
                take()
                return
            }
            if token.text == "import", !token.isQuoted {
                try expandImport(insideBlock: true)
                continue
            }
            try parseDirective()
        }
        if let opening {
            throw ConfigError("unexpected end of file, expected '}' for this block", at: opening)
        }
    }

    private mutating func parseDirective() throws(ConfigError) {
        guard let name = take() else { return }
        if name.opensBlock {
            throw ConfigError("unexpected '{', expected a directive", at: name)
        }
        var segment = [name]
        var openings: [Token] = []
        while let token = next {
            if token.opensBlock {
                try checkOpening(token)
                try checkDepth(openings.count, at: token)
                openings.append(token)
            } else if token.closesBlock {
                guard openings.popLast() != nil else {
                    if nextStartsLine { break }
                    throw ConfigError("unexpected '}' without an opening brace", at: token)
                }
            } else if nextStartsLine {
                if openings.isEmpty { break }
                if token.text == "import", !token.isQuoted {
                    try expandImport(insideBlock: true)
                    continue
                }
            }
            take()
            if token.text == "{}", !token.isQuoted, nextStartsLine {
                throw ConfigError(
                    "unexpected '{}' at the end of a line, expected '{' and '}' on their own",
                    at: token)
            }
            segment.append(token)
        }
        if let unclosed = openings.last {
            throw ConfigError("unexpected end of file, expected '}' for this block", at: unclosed)
        }
        block.directives.append(segment[...])
    }

    private func checkDepth(_ depth: Int, at opening: Token) throws(ConfigError) {
        guard depth >= Limits.configNestingMax else { return }
        throw ConfigError(
            "more than \(Limits.configNestingMax) blocks inside each other", at: opening)
    }

    private func checkOpening(_ opening: Token) throws(ConfigError) {
        if nextStartsLine {
            throw ConfigError(
                "unexpected '{' on a new line", at: opening,
                hint: "place it at the end of the previous line")
        }
        if pending.count >= 2, !opening.isFollowedByLineBreak(before: pending[pending.count - 2]) {
            throw ConfigError(
                "unexpected \"\(pending[pending.count - 2].text)\" after '{', expected a new line",
                at: pending[pending.count - 2])
        }
    }
}
