// Byte classes and word-at-a-time searches that every parser of this module shares.

/// Classes of octets, one bit each, looked up in `ByteClass.table`.
enum ByteClass {
    /// tchar (RFC 9110 §5.6.2).
    static let token: UInt8 = 1
    /// What a request target may hold (RFC 3986 §2), and what browsers send unescaped beside it:
    /// `[ ] ^ { | }` and the grave accent. Not `" < > \ #`, no controls, nothing above 0x7f.
    static let target: UInt8 = 2
    /// Registered names as they occur: letters, digits and `- . _ ~`.
    static let host: UInt8 = 4
    static let hexDigit: UInt8 = 8
    static let digit: UInt8 = 16
    /// qdtext (RFC 9110 §5.6.4).
    static let quotedText: UInt8 = 32
    /// HTAB, SP, VCHAR and obs-text: a reason phrase, or what a backslash may escape.
    static let text: UInt8 = 64

    /// What a request target may hold but for `%` and `?`, which mean something.
    static let plainTarget: UInt8 = 128

    /// 256 entries; allocated once, never freed, never written again.
    nonisolated(unsafe) static let table: UnsafePointer<UInt8> = makeTable()

    private static func makeTable() -> UnsafePointer<UInt8> {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for byte in 0...255 { table[byte] = classes(of: UInt8(byte)) }
        return UnsafePointer(table)
    }

    private static func classes(of byte: UInt8) -> UInt8 {
        let isDigit = (0x30...0x39).contains(byte)
        let isLetter = (0x61...0x7a).contains(byte | 0x20)
        let isAlphanumeric = isDigit || isLetter
        var classes: UInt8 = 0
        if isAlphanumeric || has("!#$%&'*+-.^_`|~", byte) { classes |= token }
        if isAlphanumeric || has("-._~:/[]@!$&'()*+,;=^`{|}", byte) {
            classes |= target | plainTarget
        }
        if has("%?", byte) { classes |= target }
        if isAlphanumeric || has("-._~", byte) { classes |= host }
        if isDigit || (0x61...0x66).contains(byte | 0x20) { classes |= hexDigit }
        if isDigit { classes |= digit }
        if byte == 0x09 || (byte >= 0x20 && byte != 0x7f) {
            classes |= text
            if byte != 0x22 && byte != 0x5c { classes |= quotedText }
        }
        return classes
    }

    private static func has(_ characters: StaticString, _ byte: UInt8) -> Bool {
        for index in 0..<characters.utf8CodeUnitCount where characters.utf8Start[index] == byte {
            return true
        }
        return false
    }
}

/// Octets with a meaning in the grammar.
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0a
    static let carriageReturn: UInt8 = 0x0d
    static let space: UInt8 = 0x20
    static let colon: UInt8 = 0x3a
    static let comma: UInt8 = 0x2c
    static let slash: UInt8 = 0x2f
    static let semicolon: UInt8 = 0x3b
    static let equals: UInt8 = 0x3d
    static let quote: UInt8 = 0x22
    static let backslash: UInt8 = 0x5c
}

private let wordOnes: UInt64 = 0x0101_0101_0101_0101
private let wordHighs: UInt64 = 0x8080_8080_8080_8080

@inline(__always)
func loadWord(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
}

/// - Returns: Offset of the first line feed in `from..<to`, or `to`.
@inline(__always)
func findLineFeed(_ bytes: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    var at = from
    while at &+ 8 <= to {
        let word = loadWord(bytes + at) ^ (wordOnes &* 0x0a)
        // The lowest set bit is exact; borrows only reach upwards from a true hit.
        let hits = (word &- wordOnes) & ~word & wordHighs
        if hits != 0 { return at &+ hits.trailingZeroBitCount / 8 }
        at &+= 8
    }
    while at < to && bytes[at] != Byte.lineFeed { at &+= 1 }
    return at
}

/// - Returns: Offset of the first control (below 0x20, or 0x7f) other than HTAB in `from..<to`,
///   or `to`.
@inline(__always)
func findControl(_ bytes: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    var at = from
    while at &+ 8 <= to {
        let word = loadWord(bytes + at)
        let delete = word ^ (wordOnes &* 0x7f)
        let hits =
            (((word &- wordOnes &* 0x20) & ~word) | ((delete &- wordOnes) & ~delete)) & wordHighs
        if hits == 0 {
            at &+= 8
            continue
        }
        at &+= hits.trailingZeroBitCount / 8
        if bytes[at] != Byte.tab { return at }
        at &+= 1
    }
    while at < to {
        let byte = bytes[at]
        if (byte < 0x20 && byte != Byte.tab) || byte == 0x7f { return at }
        at &+= 1
    }
    return to
}

/// A word with its ASCII capitals made small.
@inline(__always)
func lowercasedWord(_ word: UInt64) -> UInt64 {
    let low = word & ~wordHighs
    let afterZ = low &+ wordOnes &* (0x7f - 0x5a)
    let fromA = low &+ wordOnes &* (0x80 - 0x41)
    let capitals = (fromA ^ afterZ) & ~word & wordHighs
    return word | capitals >> 2
}

@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}

/// Compares with a literal of small letters, without regard to ASCII case.
@inline(__always)
func equals(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ lower: StaticString) -> Bool {
    guard count == lower.utf8CodeUnitCount else { return false }
    for index in 0..<count where lowercased(bytes[index]) != lower.utf8Start[index] {
        return false
    }
    return true
}

func equalsIgnoringCase(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
) -> Bool {
    for index in 0..<count where lowercased(left[index]) != lowercased(right[index]) {
        return false
    }
    return true
}

/// Whether every octet has a class.
@inline(__always)
func all(_ bytes: UnsafePointer<UInt8>, _ count: Int, are byteClass: UInt8) -> Bool {
    let table = ByteClass.table
    for index in 0..<count where table[Int(bytes[index])] & byteClass == 0 { return false }
    return true
}

/// Whether octets may be a field value: no controls but HTAB (RFC 9110 §5.5).
func isFieldValue(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    findControl(bytes, 0, count) == count
}
