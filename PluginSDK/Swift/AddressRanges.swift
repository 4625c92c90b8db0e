// Ranges of IP addresses, and addresses read from text without allocation.

/// An address as 128 bits; IPv4 is mapped (RFC 4291 §2.5.5.2).
public struct IPAddress: Equatable, BitwiseCopyable, Sendable {
    public let bits: UInt128
    public let isIPv4: Bool

    /// nil for text that is no address; a zone behind `%` is left out.
    public init?(_ text: UnsafeRawBufferPointer) {
        var count = 0
        var hasColon = false
        while count < text.count, text[count] != UInt8(ascii: "%") {
            if text[count] == UInt8(ascii: ":") { hasColon = true }
            count += 1
        }
        let text = UnsafeRawBufferPointer(rebasing: text[..<count])
        if hasColon {
            guard let bits = Self.readIPv6(text[...]) else { return nil }
            isIPv4 = bits >> 32 == 0xFFFF
            self.bits = bits
        } else {
            guard let bits = Self.readIPv4(text) else { return nil }
            isIPv4 = true
            self.bits = 0xFFFF << 32 | UInt128(bits)
        }
    }

    private static func readIPv4(_ text: UnsafeRawBufferPointer) -> UInt32? {
        var (bits, octet, digits, dots): (UInt32, UInt32, Int, Int) = (0, 0, 0, 0)
        for byte in text {
            if byte == UInt8(ascii: "."), digits > 0, dots < 3 {
                bits = bits << 8 | octet
                (octet, digits, dots) = (0, 0, dots + 1)
            } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 3 {
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard octet < 256 else { return nil }
            } else {
                return nil
            }
        }
        return dots == 3 && digits > 0 ? bits << 8 | octet : nil
    }

    /// Groups before `::` fill from the left, those behind it from the right.
    private static func readIPv6(_ text: Slice<UnsafeRawBufferPointer>) -> UInt128? {
        var (head, tail): (UInt128, UInt128) = (0, 0)
        var (headCount, tailCount): (Int, Int) = (0, 0)
        var hasGap = false
        var rest = text
        if rest.count >= 2, rest.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            hasGap = true
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            guard headCount + tailCount < 8 else { return nil }
            let group = rest.prefix { $0 != UInt8(ascii: ":") }
            var (value, width, count): (UInt128, UInt128, Int) = (0, 16, 1)
            if group.contains(UInt8(ascii: ".")) {
                guard let address = readIPv4(UnsafeRawBufferPointer(rebasing: group)),
                    group.count == rest.count
                else { return nil }
                (value, width, count) = (UInt128(address), 32, 2)
            } else {
                guard let number = readHex(group) else { return nil }
                value = UInt128(number)
            }
            if hasGap {
                (tail, tailCount) = (tail << width | value, tailCount + count)
            } else {
                (head, headCount) = (head << width | value, headCount + count)
            }
            rest = rest.dropFirst(group.count)
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard !hasGap else { return nil }
                hasGap = true
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let count = headCount + tailCount
        guard hasGap ? count < 8 : count == 8 else { return nil }
        return headCount == 0 ? tail : head << UInt128(16 * (8 - headCount)) | tail
    }

    private static func readHex(_ text: Slice<UnsafeRawBufferPointer>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(byte - 0x57)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(byte - 0x37)
            default: return nil
            }
        }
        return value
    }
}

/// A set of ranges such as 10.0.0.0/8; a lone address is a range of one.
public struct AddressRanges: Sendable {
    private struct Range: BitwiseCopyable, Sendable {
        let bits: UInt128
        let mask: UInt128
    }

    private let ranges: [Range]

    /// - Parameter member: Of the configuration that holds them, for messages.
    public init(_ texts: [String], member: String) throws(PluginError) {
        var ranges: [Range] = []
        for text in texts {
            guard let range = Self.range(text) else {
                throw PluginError(
                    "\(member) holds \"\(text)\", expected an address or a range",
                    hint: "such as 10.0.0.0/8")
            }
            ranges.append(range)
        }
        self.ranges = ranges
    }

    /// Whether an address in text form lies in one of the ranges.
    public func contains(_ address: RawSpan) -> Bool {
        guard let address = address.withUnsafeBytes({ IPAddress($0) }) else { return false }
        return ranges.contains { address.bits & $0.mask == $0.bits }
    }

    private static func range(_ text: String) -> Range? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = String(parts[0]).withBytes({ IPAddress($0.buffer) }) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var prefix = width
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...width).contains(number) else { return nil }
            prefix = number
        }
        guard parts.count <= 2 else { return nil }
        let mask = UInt128.max << UInt128(width - prefix)
        return Range(bits: address.bits & mask, mask: mask)
    }
}
