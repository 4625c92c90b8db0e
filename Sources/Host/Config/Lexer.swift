// Splits the text of a Caddyfile into tokens: bare words, quotes, heredocs; comments vanish.
import Base

/// A Caddyfile lexer over one file.
///
/// Words end at white space; `"…"` knows the escape `\"`, backticks know none; `<<MARK` opens a
/// heredoc that ends at the next `MARK`, whose indentation is taken off every line; a backslash at
/// a line's end joins the next line; `#` starts a comment only where a word could start.
struct Lexer {
    private let file: SourceFile
    private let text: EnvironmentSubstitution
    private let scalars: [(scalar: Unicode.Scalar, offset: Int)]
    private var index = 0
    private var line = 1
    /// Lines that were joined to the current one and count once it ends.
    private var joinedLines = 0
    /// The next empty variable that no token has taken yet.
    private var nextEmpty = 0
    private var tokens: [Token] = []
    /// Empty variables outside comments.
    private var reported: [(String, SourceLocation)] = []
    /// Where the last token ends in the output.
    private var lastTokenEnd = 0

    /// - Throws: `ConfigError` for broken quotes and heredocs and for files above the limits.
    static func tokens(
        of bytes: [UInt8], file: SourceFile, environment: (String) -> String?
    ) throws(ConfigError) -> (tokens: [Token], emptyVariables: [(String, SourceLocation)]) {
        guard bytes.count <= Limits.configFileBytesMax else {
            throw ConfigError(
                "file of \(bytes.count) bytes, expected at most \(Limits.configFileBytesMax)",
                at: SourceLocation(file: file.name, line: 1, column: 1))
        }
        var lexer = Lexer(bytes, file: file, environment: environment)
        try lexer.run()
        return (lexer.tokens, lexer.reported)
    }

    private init(_ bytes: [UInt8], file: SourceFile, environment: (String) -> String?) {
        self.file = file
        text = EnvironmentSubstitution(bytes, environment: environment)
        scalars = Self.decode(text.output)
    }

    /// Decodes UTF-8; each broken sequence becomes one replacement character. A byte order mark
    /// at the start is dropped.
    private static func decode(_ bytes: [UInt8]) -> [(scalar: Unicode.Scalar, offset: Int)] {
        var decoded: [(scalar: Unicode.Scalar, offset: Int)] = []
        decoded.reserveCapacity(bytes.count)
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        decoding: while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                decoded.append((Unicode.UTF8.decode(encoded), offset))
                offset += encoded.count
            case .error(let length):
                decoded.append(("\u{FFFD}", offset))
                offset += length
            case .emptyInput:
                break decoding
            }
        }
        if decoded.first?.scalar == "\u{FEFF}" { decoded.removeFirst() }
        return decoded
    }

    private mutating func run() throws(ConfigError) {
        while let opening = skipToToken() {
            guard tokens.count < Limits.configTokensMax else {
                throw ConfigError(
                    "more than \(Limits.configTokensMax) words", at: location(at: index))
            }
            switch opening {
            case "\"": try readQuoted(.doubleQuote)
            case "`": try readQuoted(.backtick)
            default: try readBare()
            }
        }
        claimEmptyVariables(upTo: text.output.count)
        _ = takeEmptyVariable(upTo: text.output.count)
    }

    // MARK: White space

    /// Moves to the next character that starts a token; nil at the end of the file.
    private mutating func skipToToken() -> Unicode.Scalar? {
        while index < scalars.count {
            let scalar = scalars[index].scalar
            if scalar == "\\", let after = lineBreak(after: index + 1) {
                joinedLines += 1
                index = after
            } else if scalar == "#" {
                skipComment()
            } else if scalar == "\n" {
                endLine()
                index += 1
            } else if scalar.properties.isWhitespace {
                index += 1
            } else {
                return scalar
            }
        }
        return nil
    }

    /// Variables within a comment concern nobody.
    private mutating func skipComment() {
        claimEmptyVariables(upTo: scalars[index].offset)
        while index < scalars.count, scalars[index].scalar != "\n" { index += 1 }
        let end = index < scalars.count ? scalars[index].offset : text.output.count
        while nextEmpty < text.emptyVariables.count,
            text.emptyVariables[nextEmpty].outputOffset <= end
        {
            nextEmpty += 1
        }
    }

    private mutating func endLine() {
        line += 1 + joinedLines
        joinedLines = 0
    }

    /// The index behind a line break that starts at `start`, carriage returns allowed before it.
    private func lineBreak(after start: Int) -> Int? {
        var position = start
        while position < scalars.count, scalars[position].scalar == "\r" { position += 1 }
        guard position < scalars.count, scalars[position].scalar == "\n" else { return nil }
        return position + 1
    }

    // MARK: Words

    private mutating func readBare() throws(ConfigError) {
        let start = index
        let startLine = line
        var word = String.UnicodeScalarView()
        var heredocPossible = true
        while index < scalars.count {
            let scalar = scalars[index].scalar
            if heredocPossible, word.count > 1, word.starts(with: "<<".unicodeScalars) {
                if try readHeredoc(opening: &word, start: start, startLine: startLine) { return }
                break
            }
            if scalar == "\\" {
                guard index + 1 < scalars.count else {
                    index += 1
                    break
                }
                let next = scalars[index + 1].scalar
                if next.properties.isWhitespace { break }
                if next == "<" { heredocPossible = false } else { word.append("\\") }
                word.append(next)
                index += 2
                continue
            }
            if scalar.properties.isWhitespace { break }
            word.append(scalar)
            index += 1
        }
        if index < scalars.count, scalars[index].scalar == "\\", lineBreak(after: index + 1) == nil
        {
            index += 1
        }
        if !word.isEmpty { appendToken(String(word), .none, start: start, line: startLine) }
    }

    private mutating func readQuoted(_ quote: TokenQuote) throws(ConfigError) {
        let start = index
        let startLine = line
        let closing: Unicode.Scalar = quote == .doubleQuote ? "\"" : "`"
        var content = String.UnicodeScalarView()
        index += 1
        while index < scalars.count {
            let scalar = scalars[index].scalar
            index += 1
            if scalar == closing {
                return appendToken(String(content), quote, start: start, line: startLine)
            }
            if scalar == "\n" { endLine() }
            content.append(scalar)
            if scalar == "\\", quote == .doubleQuote, index < scalars.count {
                let escaped = scalars[index].scalar
                if escaped == "\"" { content.removeLast() }
                if escaped == "\n" { endLine() }
                content.append(escaped)
                index += 1
            }
        }
        throw ConfigError(
            "quote is never closed, expected another \(closing)", at: location(at: start))
    }

    private mutating func appendToken(
        _ content: String, _ quote: TokenQuote, start: Int, line: Int
    ) {
        let outputStart = scalars[start].offset
        let outputEnd = index < scalars.count ? scalars[index].offset : text.output.count
        claimEmptyVariables(upTo: outputStart - 1)
        let offset = text.sourceOffset(of: outputStart)
        var token = Token(
            text: content, quote: quote, location: file.location(of: offset), offset: offset,
            logicalLine: line)
        token.emptyVariable = takeEmptyVariable(upTo: outputEnd)
        token.isFromEnvironment = text.hasValue(in: outputStart..<outputEnd)
        tokens.append(token)
        lastTokenEnd = outputEnd
    }

    // MARK: Empty variables

    /// Variables that vanished behind a token on its line mark that token; others are left to the
    /// token that follows.
    private mutating func claimEmptyVariables(upTo outputEnd: Int) {
        while !tokens.isEmpty, nextEmpty < text.emptyVariables.count {
            let offset = text.emptyVariables[nextEmpty].outputOffset
            guard offset <= outputEnd, offset >= lastTokenEnd,
                !text.output[lastTokenEnd..<offset].contains(UInt8(ascii: "\n"))
            else { return }
            let name = takeEmptyVariable(upTo: offset)
            if tokens[tokens.count - 1].emptyVariable == nil {
                tokens[tokens.count - 1].emptyVariable = name
            }
        }
    }

    /// The first variable not yet taken that stands at or before an offset of the output.
    private mutating func takeEmptyVariable(upTo outputEnd: Int) -> String? {
        var name: String?
        while nextEmpty < text.emptyVariables.count,
            text.emptyVariables[nextEmpty].outputOffset <= outputEnd
        {
            let variable = text.emptyVariables[nextEmpty]
            name = name ?? variable.name
            reported.append((variable.name, file.location(of: variable.sourceOffset)))
            nextEmpty += 1
        }
        return name
    }

    private func location(at index: Int) -> SourceLocation {
        let offset = index < scalars.count ? scalars[index].offset : text.output.count
        return file.location(of: text.sourceOffset(of: offset))
    }
}

// MARK: - Heredocs

extension Lexer {
    /// Reads on behind `<<`. When a space or the end of the file comes before the line's end the
    /// word is plain text.
    ///
    /// - Returns: Whether a token was added; otherwise `opening` holds the plain word.
    private mutating func readHeredoc(
        opening: inout String.UnicodeScalarView, start: Int, startLine: Int
    ) throws(ConfigError) -> Bool {
        while index < scalars.count, scalars[index].scalar != "\n" {
            let scalar = scalars[index].scalar
            if scalar == " " { return false }
            if scalar != "\r" { opening.append(scalar) }
            index += 1
        }
        guard index < scalars.count else { return false }
        let marker = String(String.UnicodeScalarView(opening.dropFirst(2)))
        try checkMarker(marker, at: location(at: start))
        index += 1
        let body = try readBody(until: Array(marker.unicodeScalars), marker, start: start)
        let content = try removeIndentation(body, marker, openingLine: startLine)
        line = startLine + body.lines.count + joinedLines
        joinedLines = 0
        appendToken(content, .heredoc, start: start, line: startLine)
        return true
    }

    private func checkMarker(_ marker: String, at location: SourceLocation) throws(ConfigError) {
        let expected = "expected letters, digits, dashes and underscores"
        if marker.isEmpty {
            throw ConfigError("missing opening heredoc marker, \(expected)", at: location)
        }
        if marker.utf8.first == UInt8(ascii: "<") {
            throw ConfigError(
                "too many '<' for a heredoc, expected two, for example <<END", at: location)
        }
        let valid = marker.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                    || $0 == "-" || $0 == "_")
        }
        guard valid else {
            throw ConfigError(
                "heredoc marker must contain only alphanumeric characters, dashes and "
                    + "underscores; got '\(marker)'",
                at: location)
        }
    }

    private struct HeredocBody {
        /// The lines before the one with the marker; what stands before the marker comes last.
        var lines: [String.UnicodeScalarView]
    }

    private mutating func readBody(
        until marker: [Unicode.Scalar], _ name: String, start: Int
    ) throws(ConfigError) -> HeredocBody {
        var lines = [String.UnicodeScalarView()]
        while index < scalars.count {
            if scalars[index...].prefix(marker.count).elementsEqual(
                marker, by: { $0.scalar == $1 })
            {
                index += marker.count
                return HeredocBody(lines: lines)
            }
            let scalar = scalars[index].scalar
            if scalar == "\n" {
                lines.append(String.UnicodeScalarView())
            } else {
                lines[lines.count - 1].append(scalar)
            }
            index += 1
        }
        throw ConfigError(
            "incomplete heredoc <<\(name), expected ending marker \(name)",
            at: location(at: start))
    }

    private func removeIndentation(
        _ body: HeredocBody, _ marker: String, openingLine: Int
    ) throws(ConfigError) -> String {
        let padding = body.lines.last ?? String.UnicodeScalarView()
        var stripped: [String] = []
        for (number, line) in body.lines.dropLast().enumerated() {
            if line.allSatisfy({ $0 == "\r" }) && line.count < 2 {
                stripped.append("")
                continue
            }
            guard line.starts(with: padding) else {
                throw ConfigError(
                    "mismatched leading whitespace in heredoc <<\(marker), expected "
                        + "whitespace [\(String(padding))] to match the closing marker",
                    at: SourceLocation(
                        file: file.name, line: openingLine + number + 1, column: 1))
            }
            let rest = line.dropFirst(padding.count).filter { $0 != "\r" }
            stripped.append(String(String.UnicodeScalarView(rest)))
        }
        return stripped.joined(separator: "\n")
    }
}
