// JSON strings from arbitrary bytes: the result is one line of valid UTF-8, whatever comes in.

extension LogBuffer {
    /// Appends the bytes as the inside of a JSON string (RFC 8259 §7).
    ///
    /// Quotes, backslashes and control characters are escaped, and so are what a terminal or a
    /// viewer might obey: DEL, the C1 controls (U+009B starts an ANSI sequence), line separators
    /// and the characters that change text direction. A byte that is no UTF-8 becomes U+FFFD.
    ///
    /// - Parameters:
    ///   - countMax: The size of this buffer at which the text is cut with an ellipsis.
    ///   - quoted: False for text that stands in no quotes: `"` and `\` stay as they are.
    /// - Returns: Whether all of it went in.
    @discardableResult
    package func append(
        jsonEscaped bytes: UnsafeRawBufferPointer, countMax: Int = .max, quoted: Bool = true
    ) -> Bool {
        // Escaping never shortens, so more than this cannot fit.
        let readable = min(bytes.count, max(countMax - count, 0))
        var index = 0
        var plainStart = 0
        while index < readable {
            let byte = bytes[index]
            let isMark = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            if byte >= 0x20 && byte < 0x7F && !(isMark && quoted) {
                index += 1
                continue
            }
            append(UnsafeRawBufferPointer(rebasing: bytes[plainStart..<index]))
            plainStart = index
            if count >= countMax { break }
            index += appendScalar(bytes, at: index)
            plainStart = index
        }
        append(UnsafeRawBufferPointer(rebasing: bytes[plainStart..<index]))
        if index < bytes.count { append("\\u2026") }
        return index >= bytes.count
    }

    /// Appends one character, escaped where needed, and returns how many bytes it took.
    private func appendScalar(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let byte = bytes[index]
        if byte < 0x80 {
            appendASCII(byte)
            return 1
        }
        guard let (scalar, length) = decodeScalar(bytes, at: index) else {
            append("\\ufffd")
            return 1
        }
        if isDisplayControl(scalar) {
            append(unicodeEscape: scalar)
        } else {
            append(UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]))
        }
        return length
    }

    private func appendASCII(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0..<0x20, 0x7F: append(unicodeEscape: UInt32(byte))
        case _: append(byte)
        }
    }

    private func append(unicodeEscape scalar: UInt32) {
        append("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
            append(hexDigit(UInt8(truncatingIfNeeded: scalar >> UInt32(shift) & 0xF)))
        }
    }
}

func hexDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}

/// Characters that no log needs as themselves and that a viewer may obey.
private func isDisplayControl(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x80...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    case _: false
    }
}

/// Decodes one multi-byte UTF-8 sequence (RFC 3629 §4: shortest form, no surrogates), nil when
/// there is none at `index`.
func decodeScalar(
    _ bytes: UnsafeRawBufferPointer, at index: Int
) -> (scalar: UInt32, length: Int)? {
    let lead = bytes[index]
    let length: Int
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    case _: return nil
    }
    guard bytes.count - index >= length else { return nil }
    var scalar = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
        let next = bytes[index + offset]
        guard next & 0xC0 == 0x80 else { return nil }
        scalar = scalar << 6 | UInt32(next & 0x3F)
    }
    switch (length, scalar) {
    case (2, _), (3, 0x800...0xD7FF), (3, 0xE000...0xFFFF), (4, 0x10000...0x10FFFF):
        return (scalar, length)
    case _: return nil
    }
}
