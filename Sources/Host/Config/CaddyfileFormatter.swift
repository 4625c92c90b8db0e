// `fmt`: one tab per nesting level, one space between words, at most one blank line.

/// Formats Caddyfiles the way `caddy fmt` does. Works on characters, not on tokens, so that
/// comments, quotes and heredocs stay as they are and files with errors can be formatted too.
package enum CaddyfileFormatter {
    /// The formatted text with one line break at its end. Formatting it again changes nothing.
    package static func format(_ source: [UInt8]) -> [UInt8] {
        var writer = FormatWriter()
        let text = String(decoding: source, as: UTF8.self)
        for scalar in trimmed(text.unicodeScalars) { writer.read(scalar) }
        writer.finish()
        return Array(String(String.UnicodeScalarView(trimmed(writer.output))).utf8)
            + [UInt8(ascii: "\n")]
    }

    /// The first line that formatting would change, nil when there is none. Line breaks with
    /// carriage returns count as plain ones.
    package static func firstDifference(in source: [UInt8]) -> Int? {
        let plain = source.filter { $0 != UInt8(ascii: "\r") }
        let formatted = format(plain)
        var line = 1
        for (left, right) in zip(plain, formatted) {
            if left != right { return line }
            if left == UInt8(ascii: "\n") { line += 1 }
        }
        return plain.count == formatted.count ? nil : line
    }

    private static func trimmed(
        _ scalars: some BidirectionalCollection<Unicode.Scalar>
    ) -> [Unicode.Scalar] {
        let start = scalars.drop { $0.properties.isWhitespace }
        return Array(start.reversed().drop { $0.properties.isWhitespace }.reversed())
    }
}

/// Reads one character at a time and writes what belongs in its place.
private struct FormatWriter {
    private(set) var output: [Unicode.Scalar] = []

    private enum Heredoc {
        case closed, opening, open
    }

    /// An opening brace that was read and is held back until what follows is known.
    private struct Brace {
        var isWritten: Bool
        var hasSpaceBefore: Bool
        /// Stood on a line of its own.
        var startsLine: Bool
    }

    private var last: Unicode.Scalar?
    /// Whether the previous character was white space; the start counts as such.
    private var isAfterSpace = true
    private var isAtLineStart = true
    private var brace: Brace?
    private var pendingBreaks = 0
    private var isInComment = false
    /// The quotes that are open, outermost first.
    private var quotes: [Unicode.Scalar] = []
    private var isEscaped = false
    private var heredoc = Heredoc.closed
    private var isHeredocEscaped = false
    private var marker: [Unicode.Scalar] = []
    private var markerWindow: [Unicode.Scalar] = []
    private var nesting = 0
    private var word: [Unicode.Scalar] = []
    private var firstWordOfLine: [Unicode.Scalar] = []
    private var previousLineIsImport = false

    mutating func read(_ scalar: Unicode.Scalar) {
        if readHeredoc(scalar) { return }
        if last == "<", isAfterSpace { isAfterSpace = false }
        if isInComment { return readComment(scalar) }
        if readEscape(scalar) { return }
        if readQuote(scalar) { return }
        if scalar.properties.isWhitespace { return readSpace(scalar) }
        readWord(scalar)
    }

    /// Writes the brace that the text ends with.
    mutating func finish() {
        if let held = brace, !held.isWritten { openBlock(held) }
    }

    // MARK: Heredocs

    /// - Returns: Whether the character is done with.
    private mutating func readHeredoc(_ scalar: Unicode.Scalar) -> Bool {
        if heredoc == .closed, !isHeredocEscaped, quotes.isEmpty, isAfterSpace, last == "<",
            scalar == "<"
        {
            write(scalar)
            heredoc = .opening
            isAfterSpace = false
            return true
        }
        switch heredoc {
        case .closed: return false
        case .opening: return readMarker(scalar)
        case .open: return readBody(scalar)
        }
    }

    private mutating func readMarker(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\n" {
            let isValid = !marker.isEmpty && marker.allSatisfy(Self.isMarkerCharacter)
            heredoc = isValid ? .open : .closed
            if isValid {
                write(scalar)
            } else {
                marker = []
                breakLine()
            }
            return true
        }
        if scalar.properties.isWhitespace {
            marker = []
            heredoc = .closed
            return false
        }
        marker.append(scalar)
        write(scalar)
        return true
    }

    private mutating func readBody(_ scalar: Unicode.Scalar) -> Bool {
        markerWindow.append(scalar)
        if markerWindow.count > marker.count + 1 { markerWindow.removeFirst() }
        if scalar.properties.isWhitespace, markerWindow.dropLast().elementsEqual(marker) {
            marker = []
            markerWindow = []
            heredoc = .closed
            return false
        }
        write(scalar)
        if scalar == "\n" { markerWindow = [] }
        return true
    }

    private static func isMarkerCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }

    // MARK: Comments, escapes, quotes

    private mutating func readComment(_ scalar: Unicode.Scalar) {
        guard scalar == "\n" else { return write(scalar) }
        isInComment = false
        isAfterSpace = true
        breakLine()
    }

    private mutating func readEscape(_ scalar: Unicode.Scalar) -> Bool {
        if !isEscaped, scalar == "\\" {
            if isAfterSpace { write(" ") }
            isAfterSpace = false
            write(scalar)
            isEscaped = true
            return true
        }
        guard isEscaped else { return false }
        if scalar == "<" { isHeredocEscaped = true }
        write(scalar)
        isEscaped = false
        return true
    }

    /// Tracks quotes; characters inside them are written as they are.
    private mutating func readQuote(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "`" {
            if quotes.last == "`" {
                quotes.removeLast()
            } else if quotes == ["`", "\""] {
                quotes = ["`"]
            } else {
                quotes.append("`")
            }
        }
        if quotes == ["\""] {
            if scalar == "\"" { quotes = [] }
            write(scalar)
            return true
        }
        if scalar == "\"" {
            switch quotes {
            case []: if isAfterSpace { quotes = ["\""] }
            case ["`", "\""]: quotes = ["`"]
            case ["\"", "`"]: quotes = []
            default: break
            }
        }
        guard quotes.contains("`") else { return false }
        if scalar == "`", isAfterSpace, !isAtLineStart { write(" ") }
        write(scalar)
        isAfterSpace = false
        return true
    }

    // MARK: White space

    private mutating func readSpace(_ scalar: Unicode.Scalar) {
        finishWord()
        isAfterSpace = true
        isHeredocEscaped = false
        guard scalar == "\n" else { return }
        finishLine()
        pendingBreaks += 1
    }

    private mutating func finishWord() {
        if firstWordOfLine.isEmpty { firstWordOfLine = word }
        word = []
    }

    private mutating func finishLine() {
        finishWord()
        if !firstWordOfLine.isEmpty {
            previousLineIsImport =
                nesting == 0
                && firstWordOfLine.elementsEqual("import".unicodeScalars)
        } else if brace.map({ !$0.startsLine || $0.isWritten }) ?? true {
            previousLineIsImport = false
        }
        firstWordOfLine = []
    }

    // MARK: Words and braces

    private mutating func readWord(_ scalar: Unicode.Scalar) {
        let hadSpace = isAfterSpace
        isAfterSpace = false
        if scalar == "#" { isInComment = true }
        if let held = brace, hadSpace, !held.isWritten { openBlock(held) }
        if scalar == "{" { return holdBrace(hadSpace: hadSpace) }
        if scalar == "}", hadSpace || brace == nil { return closeBlock() }
        for _ in 0..<min(pendingBreaks, 2) { breakLine() }
        pendingBreaks = 0
        if isAtLineStart { indent() }
        if nesting == 0, last == "}", isAtLineStart {
            breakLine()
            breakLine()
        }
        if !isAtLineStart, hadSpace { write(" ") }
        if let held = brace, !held.isWritten {
            write("{")
            brace?.isWritten = true
        }
        if hadSpace, scalar == "<" { isAfterSpace = true }
        word.append(scalar)
        write(scalar)
        isAtLineStart = false
    }

    /// Writes the held brace as the opening of a block.
    private mutating func openBlock(_ held: Brace) {
        if nesting == 0, last == "}" {
            breakLine()
            breakLine()
        }
        brace = nil
        if held.startsLine, previousLineIsImport {
            if last != "\n" { breakLine() }
            indent()
        } else if isAtLineStart {
            indent()
        } else if !held.hasSpaceBefore || last?.properties.isWhitespace != true {
            write(" ")
        }
        write("{")
        breakLine()
        pendingBreaks = 0
        nesting = min(nesting + 1, Self.nestingMax)
    }

    /// Deeper blocks are not indented further.
    private static let nestingMax = 10

    private mutating func holdBrace(hadSpace: Bool) {
        finishWord()
        let hasSpace = hadSpace && !isAtLineStart
        if hasSpace, pendingBreaks == 0 { write(" ") }
        brace = Brace(isWritten: false, hasSpaceBefore: hasSpace, startsLine: pendingBreaks > 0)
    }

    private mutating func closeBlock() {
        finishWord()
        if last != "\n" { breakLine() }
        nesting = max(nesting - 1, 0)
        indent()
        write("}")
        pendingBreaks = 0
    }

    // MARK: Output

    private mutating func write(_ scalar: Unicode.Scalar) {
        output.append(scalar)
        last = scalar
    }

    private mutating func breakLine() {
        write("\n")
        isAtLineStart = true
    }

    private mutating func indent() {
        for _ in 0..<nesting { write("\t") }
    }
}
