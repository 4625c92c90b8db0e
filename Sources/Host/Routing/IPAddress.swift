// IP addresses and networks as the address matchers compare them.
import Base
import CGateway

/// An address in network order: 16 bytes, an IPv4 one in the last four of them.
struct IPAddress: Equatable, Sendable {
    var high: UInt64 = 0
    var low: UInt64 = 0
    var isIPv4 = false

    /// Reads the text form (RFC 4291 §2.2). An IPv4-mapped IPv6 address is the IPv4 address. The
    /// zone, if any, is what follows the percent sign and left to the caller.
    init?(_ text: Bytes) {
        guard text.count <= 45 else { return nil }
        if text.firstOffset(of: 0x3a) == nil {
            guard let address = Self.parseIPv4(text) else { return nil }
            self.init(ipv4: address)
        } else {
            self.init(ipv6: text)
        }
    }

    private init(ipv4: UInt32) {
        low = UInt64(ipv4)
        isIPv4 = true
    }

    private init?(ipv6 text: Bytes) {
        guard let groups = Self.parseGroups(text) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<4 {
            high = high << 16 | UInt64(groups[index])
            low = low << 16 | UInt64(groups[index + 4])
        }
        if high == 0, low >> 32 == 0xffff {
            self.init(ipv4: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(high: high, low: low)
        }
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The eight groups of an IPv6 address; `::` once, an IPv4 address as the last two.
    private static func parseGroups(_ text: Bytes) -> SIMD8<UInt16>? {
        var groups = SIMD8<UInt16>()
        var count = 0
        var gap: Int?
        var index = 0
        if text.hasPrefix(staticBytes("::")) {
            gap = 0
            index = 2
        }
        while index < text.count {
            let end = text.firstOffset(of: 0x3a, from: index) ?? text.count
            let part = text.slice(index, end)
            if end == text.count, part.firstOffset(of: 0x2e) != nil {
                guard count <= 6, let address = parseIPv4(part) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: address >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: address)
                count += 2
                break
            }
            guard count < 8, let value = parseGroup(part) else { return nil }
            groups[count] = value
            count += 1
            guard end < text.count else { break }
            index = end + 1
            guard index < text.count else { return nil }
            if text[index] == 0x3a {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        guard let gap else { return count == 8 ? groups : nil }
        guard count < 8 else { return nil }
        return spread(groups, count, gap)
    }

    /// Moves what stands behind the gap to the end.
    private static func spread(
        _ groups: SIMD8<UInt16>, _ count: Int, _ gap: Int
    ) -> SIMD8<UInt16> {
        var spread = SIMD8<UInt16>()
        for index in 0..<gap { spread[index] = groups[index] }
        for index in gap..<count { spread[8 - count + index] = groups[index] }
        return spread
    }

    private static func parseGroup(_ text: Bytes) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            guard let digit = hexDigitValue(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// Four decimal numbers; leading zeros are refused, as they mean octal to some.
    private static func parseIPv4(_ text: Bytes) -> UInt32? {
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var parts = 0
        for byte in text {
            if byte == 0x2e {
                guard digits > 0, parts < 3 else { return nil }
                address = address << 8 | part
                (part, digits) = (0, 0)
                parts += 1
                continue
            }
            guard byte >= 48, byte <= 57, digits < 3, !(digits > 0 && part == 0) else { return nil }
            part = part * 10 + UInt32(byte - 48)
            digits += 1
            guard part <= 255 else { return nil }
        }
        guard parts == 3, digits > 0 else { return nil }
        return address << 8 | part
    }

    /// With all but the first `bits` bits zero.
    func masked(_ bits: Int) -> IPAddress {
        var masked = self
        let prefix = UInt64(isIPv4 ? bits + 96 : bits)
        masked.high &= prefix >= 64 ? .max : ~(.max >> prefix)
        masked.low &= prefix <= 64 ? 0 : prefix >= 128 ? .max : ~(.max >> (prefix - 64))
        return masked
    }
}

/// An address, or a network in CIDR notation, with an optional zone.
struct AddressRange: Sendable {
    private let network: IPAddress
    private let bits: Int
    private let zone: [UInt8]

    init(_ text: String, at location: String) throws(RoutingError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let address = parts[0].split(
            separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let bytes = Array(address[0].utf8)
        guard parts.count <= 2, let parsed = bytes.withUnsafeBytes({ IPAddress($0) }) else {
            throw RoutingError(
                "invalid IP address or range \"\(text)\", expected such as 10.0.0.0/8",
                at: location)
        }
        let isMapped = parsed.isIPv4 && bytes.contains(0x3a)
        let width = parsed.isIPv4 ? 32 : 128
        var bits = width
        if parts.count == 2 {
            guard let given = Int(parts[1]), given >= (isMapped ? 96 : 0),
                given - (isMapped ? 96 : 0) <= width
            else {
                throw RoutingError("invalid prefix length in \"\(text)\"", at: location)
            }
            bits = given - (isMapped ? 96 : 0)
        }
        network = parsed.masked(bits)
        self.bits = bits
        zone = address.count == 2 ? Array(address[1].utf8) : []
    }

    func contains(_ address: IPAddress, zone: Bytes) -> Bool {
        guard address.isIPv4 == network.isIPv4, address.masked(bits) == network else {
            return false
        }
        return self.zone.isEmpty || zone.isEqual(self.zone)
    }
}

/// Matches when an address lies in one of several ranges.
package struct AddressMatcher: Sendable {
    let ranges: [AddressRange]

    /// - Parameter ranges: Addresses or networks, such as `10.0.0.0/8`, `fe80::1%eth0`.
    package init(_ ranges: [String], at location: String = "") throws(RoutingError) {
        var parsed: [AddressRange] = []
        for (index, range) in ranges.enumerated() {
            parsed.append(try AddressRange(range, at: "\(location)[\(index)]"))
        }
        self.ranges = parsed
    }

    /// - Parameter text: An address in text form, perhaps with a zone; anything else never matches.
    package func matches(_ text: Bytes) -> Bool {
        let percent = text.firstOffset(of: 0x25)
        let zone = percent.map { text.slice($0 + 1, text.count) } ?? .empty
        guard let address = IPAddress(text.slice(0, percent ?? text.count)) else { return false }
        for range in ranges where range.contains(address, zone: zone) { return true }
        return false
    }
}

extension RequestContext {
    /// `{http.request.remote.host/24,64}`: the peer's network in CIDR notation.
    func remoteNetwork(bits4: UInt8, bits6: UInt8) -> Bytes? {
        let text = view(req.pointee.remote_ip)
        let end = text.firstOffset(of: 0x25) ?? text.count
        guard let address = IPAddress(text.slice(0, end)) else { return text }
        let bits = Int(address.isIPv4 ? bits4 : bits6)
        let network = address.masked(bits)
        var writer = ArenaWriter(arena, capacity: 48)
        if network.isIPv4 {
            for shift: UInt64 in [24, 16, 8, 0] {
                writer.append(decimal: network.low >> shift & 255)
                if shift > 0 { writer.append(0x2e) }
            }
        } else {
            writer.append(ipv6: network)
        }
        writer.append(0x2f)
        writer.append(decimal: UInt64(bits))
        return writer.finish()
    }
}

extension ArenaWriter {
    /// With its longest run of zero groups shortened (RFC 5952 §4).
    fileprivate mutating func append(ipv6 address: IPAddress) {
        func group(_ index: Int) -> UInt64 {
            let half = index < 4 ? address.high : address.low
            return half >> UInt64(48 - index % 4 * 16) & 0xffff
        }
        var best = (start: 8, count: 1)
        var index = 0
        while index < 8 {
            var count = 0
            while index + count < 8, group(index + count) == 0 { count += 1 }
            if count > best.count { best = (index, count) }
            index += max(count, 1)
        }
        index = 0
        while index < 8 {
            if index == best.start {
                append("::")
                index += best.count
                continue
            }
            if index > 0, index != best.start + best.count { append(0x3a) }
            append(hexadecimal: group(index))
            index += 1
        }
    }

    private mutating func append(hexadecimal value: UInt64) {
        var shift: UInt64 = 12
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while true {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            append(digit < 10 ? 48 + digit : 87 + digit)
            guard shift > 0 else { return }
            shift -= 4
        }
    }
}
/// Whether a text is an IPv4 or IPv6 address, perhaps with a zone.
package func isAddress(_ text: Bytes) -> Bool {
    IPAddress(text.slice(0, text.firstOffset(of: 0x25) ?? text.count)) != nil
}
