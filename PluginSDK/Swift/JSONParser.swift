// A strict JSON reader (RFC 8259) for configuration.

extension JSONValue {
    /// Parses one JSON text; a name that occurs twice in an object is refused.
    public init(parsing text: Bytes) throws(PluginError) {
        var parser = JSONParser(text)
        self = try parser.document()
    }
}

private struct JSONParser {
    private static let depthMax = 200
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ text: Bytes) { bytes = text.buffer }

    mutating func document() throws(PluginError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw problem("nothing may follow the value") }
        return value
    }

    private mutating func value(depth: Int) throws(PluginError) -> JSONValue {
        guard depth < Self.depthMax else { throw problem("nested too deeply") }
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(PluginError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        position += 1
        if accept("}") { return .object(members) }
        repeat {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw problem("expected a member name") }
            let name = try string()
            guard accept(":") else { throw problem("expected \":\" after \"\(name)\"") }
            let value = try value(depth: depth + 1)
            guard members.updateValue(value, forKey: name) == nil else {
                throw problem("member \"\(name)\" occurs twice")
            }
        } while accept(",")
        guard accept("}") else { throw problem("expected \",\" or \"}\"") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(PluginError) -> JSONValue {
        var values: [JSONValue] = []
        position += 1
        if accept("]") { return .array(values) }
        repeat {
            values.append(try value(depth: depth + 1))
        } while accept(",")
        guard accept("]") else { throw problem("expected \",\" or \"]\"") }
        return .array(values)
    }

    private mutating func string() throws(PluginError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw problem("a string is not valid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                let scalar = try escape()
                text.append(contentsOf: Array(String(scalar).utf8))
            case 0..<0x20:
                throw problem("control character in a string")
            default:
                text.append(byte)
            }
        }
        throw problem("a string is not closed")
    }

    private mutating func escape() throws(PluginError) -> Unicode.Scalar {
        guard let byte = peek() else { throw problem("a string is not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw problem("unknown escape in a string")
        }
    }

    /// The four digits after `\u`, and a second such group for a surrogate pair.
    private mutating func unicodeEscape() throws(PluginError) -> Unicode.Scalar {
        let first = try hexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, peek() == UInt8(ascii: "\\") else {
            throw problem("half a surrogate pair in a string")
        }
        position += 1
        guard peek() == UInt8(ascii: "u") else {
            throw problem("half a surrogate pair in a string")
        }
        position += 1
        let second = try hexDigits()
        let value = 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
        guard second >= 0xDC00, second < 0xE000, let scalar = Unicode.Scalar(value) else {
            throw problem("half a surrogate pair in a string")
        }
        return scalar
    }

    private mutating func hexDigits() throws(PluginError) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(
                String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw problem("expected four hex digits after \\u") }
        position += 4
        return value
    }

    private mutating func number() throws(PluginError) -> JSONValue {
        let start = position
        while let byte = peek(), Self.isNumberByte(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, first >= UInt8(ascii: "0"),
            first <= UInt8(ascii: "9"), digits == "0" || !Self.hasLeadingZero(digits)
        else {
            position = start
            throw problem("expected a value")
        }
        if let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite, !text.hasSuffix(".") else {
            throw problem("\"\(text)\" is no number")
        }
        return .double(value)
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private static func hasLeadingZero(_ digits: Substring) -> Bool {
        let second = digits.utf8.dropFirst().first ?? UInt8(ascii: ".")
        return digits.hasPrefix("0") && second >= UInt8(ascii: "0") && second <= UInt8(ascii: "9")
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(PluginError) -> JSONValue {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count,
            Bytes(UnsafeRawBufferPointer(rebasing: bytes[position..<end]))
                == Bytes(stringLiteral: word)
        else { throw problem("expected a value") }
        position = end
        return value
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private func problem(_ what: String) -> PluginError {
        PluginError("invalid JSON at byte \(position): \(what)")
    }
}
