// User name and password of the Basic scheme (RFC 7617), read strictly.
import PluginSDK

/// Views into the memory that they were decoded to.
struct BasicCredentials {
    let user: Bytes
    let password: Bytes

    /// Reads the value of an Authorization field.
    ///
    /// - Returns: nil for another scheme, and for what is no base64 of two parts without control
    ///   characters. The bytes live as long as the exchange.
    static func read(
        _ value: RawSpan, for request: borrowing Request
    ) throws(Status) -> BasicCredentials? {
        guard let encoded = Scheme.basic.credentials(in: value) else { return nil }
        let bytesMax = encoded.count / 4 * 3
        guard bytesMax <= Limits.basicCredentialBytesMax else { return nil }
        let memory = try request.allocate(max(bytesMax, 1))
        guard let count = Base64.decode(encoded.buffer, into: memory) else { return nil }
        return split(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    private static func split(_ decoded: UnsafeRawBufferPointer) -> BasicCredentials? {
        guard decoded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return BasicCredentials(
            user: Bytes(UnsafeRawBufferPointer(rebasing: decoded[..<colon])),
            password: Bytes(UnsafeRawBufferPointer(rebasing: decoded[(colon + 1)...])))
    }
}

/// The scheme in front of credentials (RFC 9110 §11.4); any case.
struct Scheme: Sendable {
    static let basic = Scheme(name: ConstantText("Basic"))
    let name: ConstantText

    /// What follows the scheme and its spaces; nil for another scheme. As short-lived as the value.
    func credentials(in value: RawSpan) -> Bytes? {
        let name = name.bytes
        guard value.byteCount > name.count,
            value.extracting(first: name.count).equalsIgnoringCase(name)
        else { return nil }
        return value.withUnsafeBytes { bytes in
            var start = name.count
            guard bytes[start] == UInt8(ascii: " ") else { return nil }
            while start < bytes.count, bytes[start] == UInt8(ascii: " ") { start += 1 }
            return Bytes(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        }
    }
}

/// Base64 with padding (RFC 4648 §4), in its one canonical form.
enum Base64 {
    /// - Returns: Bytes written; nil when the text is no base64.
    static func decode(
        _ text: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard text.count % 4 == 0, out.count >= text.count / 4 * 3 else { return nil }
        var written = 0
        for start in stride(from: 0, to: text.count, by: 4) {
            let isLast = start + 4 == text.count
            let padding = isLast ? Self.padding(text[start + 2], text[start + 3]) : 0
            var group: UInt32 = 0
            for offset in 0..<(4 - padding) {
                guard let bits = value(of: text[start + offset]) else { return nil }
                group |= bits << UInt32(18 - 6 * offset)
            }
            let count = 3 - padding
            guard group & (0xFF_FFFF >> UInt32(8 * count)) == 0 else { return nil }
            for offset in 0..<count {
                out[written] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * offset))
                written += 1
            }
        }
        return written
    }

    private static func padding(_ third: UInt8, _ fourth: UInt8) -> Int {
        guard fourth == UInt8(ascii: "=") else { return 0 }
        return third == UInt8(ascii: "=") ? 2 : 1
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
