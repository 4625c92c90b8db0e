// Comparisons on borrowed bytes: the vocabulary of matchers and templates on the request path.
import Base

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// Borrowed bytes. Whoever hands them out says how long they live.
package typealias Bytes = UnsafeRawBufferPointer

/// The value of a hexadecimal digit, nil for any other byte.
@inline(__always)
package func hexDigitValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

extension UnsafeRawBufferPointer {
    package static var empty: Bytes { Bytes(start: nil, count: 0) }

    package func isEqual(_ other: Bytes) -> Bool {
        guard count == other.count else { return false }
        guard let own = baseAddress, let others = other.baseAddress else { return true }
        return memcmp(own, others, count) == 0
    }

    package func isEqual(_ other: [UInt8]) -> Bool {
        other.withUnsafeBytes { isEqual($0) }
    }

    package func isEqualIgnoringCase(_ other: Bytes) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count
        where asciiLowercased(self[index]) != asciiLowercased(other[index]) {
            return false
        }
        return true
    }

    package func isEqualIgnoringCase(_ other: [UInt8]) -> Bool {
        other.withUnsafeBytes { isEqualIgnoringCase($0) }
    }

    /// Compares without telling by its duration where the first difference is. The duration
    /// depends on the length of `expected` only.
    package func isEqualInConstantTime(_ expected: Bytes) -> Bool {
        var difference = count ^ expected.count
        for index in 0..<expected.count {
            let byte = index < count ? self[index] : 0
            difference |= Int(byte ^ expected[index])
        }
        return difference == 0
    }

    package func hasPrefix(_ other: Bytes) -> Bool {
        count >= other.count && slice(0, other.count).isEqual(other)
    }

    package func hasSuffix(_ other: Bytes) -> Bool {
        count >= other.count && slice(count - other.count, count).isEqual(other)
    }

    package func contains(_ other: Bytes) -> Bool {
        guard count >= other.count else { return false }
        for start in 0...(count - other.count)
        where slice(start, start + other.count).isEqual(other) {
            return true
        }
        return false
    }

    /// The bytes from `start` up to `end`; both must lie inside.
    @inline(__always)
    package func slice(_ start: Int, _ end: Int) -> Bytes {
        Bytes(rebasing: self[start..<end])
    }

    package func firstOffset(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    package func lastOffset(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    /// FNV-1a over the bytes with ASCII letters in lower case. For tables whose keys come from the
    /// configuration; nothing from a request is ever inserted.
    package var hashIgnoringCase: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in self {
            hash = (hash ^ UInt64(asciiLowercased(byte))) &* 0x100_0000_01b3
        }
        return hash
    }
}

/// Bytes that live as long as their owner does; for literals of the configuration.
package final class OwnedBytes: @unchecked Sendable {
    package let view: Bytes

    package init(_ bytes: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Swift.max(bytes.count, 1), alignment: 1)
        memory.copyBytes(from: bytes)
        view = Bytes(start: memory.baseAddress, count: bytes.count)
    }

    deinit {
        view.deallocate()
    }
}
