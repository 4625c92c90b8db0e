// One word of a Caddyfile, with all that a good message or a careful directive needs to know.

/// How a token was written.
package enum TokenQuote: Sendable, Hashable {
    case none, doubleQuote, backtick, heredoc
}

package struct Token: Sendable {
    package var text: String
    package var quote: TokenQuote
    package var location: SourceLocation
    /// Byte offset of the first character in its file, before environment substitution.
    package var offset: Int
    /// The line that decides what stands on one line: a continued line counts once.
    package var logicalLine: Int
    /// The `import` that this token came in with, nil when it stands in the main file.
    package var origin: ImportOrigin?
    /// The environment variable that was unset or empty within this token, or that vanished
    /// right behind it.
    package var emptyVariable: String?
    /// Some of the text is the value of an environment variable.
    package var isFromEnvironment = false

    package init(
        text: String, quote: TokenQuote = .none, location: SourceLocation, offset: Int = 0,
        logicalLine: Int? = nil
    ) {
        self.text = text
        self.quote = quote
        self.location = location
        self.offset = offset
        self.logicalLine = logicalLine ?? location.line
    }

    package var isQuoted: Bool { quote != .none }
    package var fromEmptyEnvironment: Bool { emptyVariable != nil }
    package var opensBlock: Bool { text == "{" && quote == .none }
    package var closesBlock: Bool { text == "}" && quote == .none }

    /// Whether a line break stands between this token and the next one.
    package func isFollowedByLineBreak(before next: Token) -> Bool {
        if location.file != next.location.file || origin !== next.origin { return true }
        return logicalLine + innerLineBreaks < next.logicalLine
    }

    private var innerLineBreaks: Int {
        let breaks = text.utf8.count { $0 == UInt8(ascii: "\n") }
        return quote == .heredoc ? breaks + 2 : breaks
    }
}

/// One expanded `import`; the tokens it brought share it, so identity tells expansions apart.
package final class ImportOrigin: Sendable {
    let frame: ImportFrame
    /// What tells a snippet of one file from the same name in another.
    let identity: String
    let parent: ImportOrigin?
    let depth: Int

    init(frame: ImportFrame, identity: String, parent: ImportOrigin?) {
        self.frame = frame
        self.identity = identity
        self.parent = parent
        depth = (parent?.depth ?? 0) + 1
    }

    /// Innermost first.
    var frames: [ImportFrame] {
        var all: [ImportFrame] = []
        var current: ImportOrigin? = self
        while let origin = current {
            all.append(origin.frame)
            current = origin.parent
        }
        return all
    }

    func contains(_ identity: String) -> Bool {
        var current: ImportOrigin? = self
        while let origin = current {
            if origin.identity == identity { return true }
            current = origin.parent
        }
        return false
    }
}
