// The parser behind JSONDocument: strict RFC 8259, in place.

/// Parses one text. Strings are unescaped in the given memory.
struct JSONDocumentParser {
    private let text: UnsafeMutableBufferPointer<UInt8>
    private var position = 0
    private(set) var nodes: [JSONDocument.Node] = []
    private(set) var sortedNames: [Int] = []

    init(_ text: UnsafeMutableBufferPointer<UInt8>) {
        self.text = text
    }

    mutating func parseDocument() throws(JSONDocumentError) {
        guard text.count <= Limits.jsonTextBytesMax else {
            throw JSONDocumentError(
                kind: .limit, offset: 0,
                message: "\(text.count) bytes, expected at most \(Limits.jsonTextBytesMax)")
        }
        guard String(validating: text, as: UTF8.self) != nil else {
            throw invalid("it is not UTF-8")
        }
        try parseValue(depth: 0)
        skipSpace()
        guard position == text.count else { throw invalid("more text behind the document") }
    }

    private mutating func parseValue(depth: Int) throws(JSONDocumentError) {
        guard depth < Limits.jsonDepthMax else {
            throw JSONDocumentError(
                kind: .limit, offset: position,
                message: "nested deeper than \(Limits.jsonDepthMax) levels")
        }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): try parseObject(depth: depth)
        case UInt8(ascii: "["): try parseArray(depth: depth)
        case UInt8(ascii: "\""): try parseString()
        case UInt8(ascii: "t"): try parseWord("true", .bool)
        case UInt8(ascii: "f"): try parseWord("false", .bool)
        case UInt8(ascii: "n"): try parseWord("null", .null)
        default: try parseNumber()
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONDocumentError) {
        let object = open(.object)
        var names: [Int] = []
        if skip(UInt8(ascii: "}")) { return close(object, count: 0) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw invalid("expected a name in quotes") }
            names.append(nodes.count)
            try parseString()
            guard skip(UInt8(ascii: ":")) else { throw invalid("expected : behind a name") }
            try parseValue(depth: depth + 1)
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw invalid("expected , or } in an object") }
        try sortNames(names, of: object)
        close(object, count: names.count)
    }

    private mutating func parseArray(depth: Int) throws(JSONDocumentError) {
        let array = open(.array)
        var count = 0
        if skip(UInt8(ascii: "]")) { return close(array, count: 0) }
        repeat {
            try parseValue(depth: depth + 1)
            count += 1
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw invalid("expected , or ] in an array") }
        close(array, count: count)
    }

    /// A name that comes twice means different things to different readers: refused.
    private mutating func sortNames(_ names: [Int], of object: Int) throws(JSONDocumentError) {
        let sorted = names.sorted { bytes(of: $0).lexicographicallyPrecedes(bytes(of: $1)) }
        for (left, right) in zip(sorted, sorted.dropFirst())
        where bytes(of: left).elementsEqual(bytes(of: right)) {
            throw invalid("a name comes twice in one object")
        }
        nodes[object].namesStart = sortedNames.count
        sortedNames += sorted
    }

    private mutating func open(_ kind: JSONDocument.Kind) -> Int {
        position += 1
        nodes.append(JSONDocument.Node(kind: kind, start: 0, length: 0))
        return nodes.count - 1
    }

    private mutating func close(_ node: Int, count: Int) {
        nodes[node].count = count
        nodes[node].end = nodes.count
    }

    private mutating func add(_ kind: JSONDocument.Kind, _ range: Range<Int>) {
        nodes.append(
            JSONDocument.Node(
                kind: kind, start: range.lowerBound, length: range.count, end: nodes.count + 1))
    }

    private mutating func parseWord(
        _ word: StaticString, _ kind: JSONDocument.Kind
    ) throws(JSONDocumentError) {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard text[position...].starts(with: expected) else { throw invalid("expected a value") }
        add(kind, position..<(position + expected.count))
        position += expected.count
    }

    private mutating func parseNumber() throws(JSONDocumentError) {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        let first = peek
        let digits = skipDigits()
        guard digits > 0, digits == 1 || first != UInt8(ascii: "0") else {
            throw invalid("expected a value")
        }
        if peek == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw invalid("expected digits") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw invalid("expected digits") }
        }
        add(.number, start..<position)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
            position += 1
        }
    }

    /// Skips white space and then that byte, if it is there.
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private func bytes(of node: Int) -> Slice<UnsafeMutableBufferPointer<UInt8>> {
        text[nodes[node].start..<(nodes[node].start + nodes[node].length)]
    }

    private func invalid(_ message: String) -> JSONDocumentError {
        JSONDocumentError(kind: .invalid, offset: position, message: message)
    }
}

extension JSONDocumentParser {
    /// Parses a string; what it stands for is never longer than how it is written.
    private mutating func parseString() throws(JSONDocumentError) {
        position += 1
        let start = position
        var end = position
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                add(.string, start..<end)
                return
            case UInt8(ascii: "\\"):
                let scalar = try parseEscape()
                for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    text[end] = unit
                    end += 1
                }
            case 0..<0x20: throw invalid("a control character in a string")
            default:
                text[end] = byte
                end += 1
            }
        }
        throw invalid("a string without an end")
    }

    private mutating func parseEscape() throws(JSONDocumentError) -> Unicode.Scalar {
        guard let byte = peek else { throw invalid("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape()
        default: throw invalid("an unknown escape in a string")
        }
    }

    private mutating func parseUnicodeEscape() throws(JSONDocumentError) -> Unicode.Scalar {
        let first = try parseHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, peek == UInt8(ascii: "\\") else { throw invalid("half a character") }
        position += 1
        guard peek == UInt8(ascii: "u") else { throw invalid("half a character") }
        position += 1
        let second = try parseHexDigits()
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw invalid("half a character") }
        return scalar
    }

    private mutating func parseHexDigits() throws(JSONDocumentError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw invalid("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
