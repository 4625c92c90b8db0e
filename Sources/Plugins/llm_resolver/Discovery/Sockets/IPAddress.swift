// An IP address as the kernel has it.

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

struct IPAddress: Hashable, Sendable {
    enum Family: UInt8, Sendable {
        case v4
        case v6
    }

    let family: Family
    /// The address as a number; of IPv4 the lower 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64

    static let anyV4 = IPAddress(v4: 0)
    static let anyV6 = IPAddress(.v6, 0, 0)
    static let loopbackV4 = IPAddress(v4: 0x7F00_0001)
    static let loopbackV6 = IPAddress(.v6, 0, 1)

    private init(_ family: Family, _ high: UInt64, _ low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    init(v4 number: UInt32) {
        self.init(.v4, 0, UInt64(number))
    }

    /// Four words in host order. IPv4 written as IPv6 (RFC 4291 §2.5.5.2) becomes IPv4: that is
    /// where such a socket listens.
    init(v6 words: (UInt32, UInt32, UInt32, UInt32)) {
        if words.0 == 0, words.1 == 0, words.2 == 0xFFFF {
            self.init(v4: words.3)
        } else {
            self.init(
                .v6, UInt64(words.0) << 32 | UInt64(words.1),
                UInt64(words.2) << 32 | UInt64(words.3))
        }
    }

    /// nil when it is no address; brackets and zones are not part of one.
    init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            var bytes = in6_addr()
            guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
            self.init(v6: bytes)
        } else {
            var bytes = in_addr()
            guard inet_pton(AF_INET, text, &bytes) == 1 else { return nil }
            self.init(v4: UInt32(bigEndian: bytes.s_addr))
        }
    }

    /// The first address of a name. Blocks; for the configuration only.
    static func resolving(_ name: String) -> IPAddress? {
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, nil, &first) == 0 else { return nil }
        defer { freeaddrinfo(first) }
        return IPAddress(first?.pointee.ai_addr)
    }

    init?(_ raw: UnsafeMutablePointer<sockaddr>?) {
        guard let raw else { return nil }
        switch Int32(raw.pointee.sa_family) {
        case AF_INET:
            self = raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            self = raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                IPAddress(v6: $0.pointee.sin6_addr)
            }
        default: return nil
        }
    }

    /// As the system's structures have it.
    init(v6 address: in6_addr) {
        let words = withUnsafeBytes(of: address) { bytes in
            (0..<4).map {
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
            }
        }
        self.init(v6: (words[0], words[1], words[2], words[3]))
    }

    var isWildcard: Bool { high == 0 && low == 0 }

    var isLoopback: Bool {
        family == .v4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// In host order, as for `init(v6:)`; IPv4 in the first.
    var words: (UInt32, UInt32, UInt32, UInt32) {
        if family == .v4 { return (UInt32(truncatingIfNeeded: low), 0, 0, 0) }
        return (
            UInt32(truncatingIfNeeded: high >> 32), UInt32(truncatingIfNeeded: high),
            UInt32(truncatingIfNeeded: low >> 32), UInt32(truncatingIfNeeded: low)
        )
    }

    /// Whether both have the same first bits.
    func isEqual(to other: IPAddress, prefix: Int) -> Bool {
        guard family == other.family, prefix >= 0 else { return false }
        if family == .v4 {
            return prefix == 0 || (low ^ other.low) >> UInt64(32 - min(32, prefix)) == 0
        }
        let upper = min(64, prefix)
        let lower = min(64, max(0, prefix - 64))
        return (upper == 0 || (high ^ other.high) >> UInt64(64 - upper) == 0)
            && (lower == 0 || (low ^ other.low) >> UInt64(64 - lower) == 0)
    }

    /// As people write it (RFC 5952), without brackets.
    var text: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let start = buffer.baseAddress.unsafelyUnwrapped
            let words = words
            let network = (
                words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
            )
            let written = withUnsafePointer(to: network) { bytes in
                inet_ntop(
                    family == .v4 ? AF_INET : AF_INET6, bytes, start, socklen_t(buffer.count))
            }
            return written.map { String(cString: $0) } ?? ""
        }
    }
}

/// An address with its port: what a connection is made to.
struct DialAddress: Hashable, Sendable {
    var address: IPAddress
    var port: UInt16

    /// "127.0.0.1:3000", "[::1]:3000".
    var text: String {
        address.family == .v4 ? "\(address.text):\(port)" : "[\(address.text)]:\(port)"
    }
}
