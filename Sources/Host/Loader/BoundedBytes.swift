// Reading numbers and text at offsets that a file claims.

/// A file's bytes, read with every offset checked. Little-endian.
struct BoundedBytes {
    let bytes: [UInt8]

    /// The number at `offset`, nil when any byte of it is outside.
    func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: UInt64) -> Number? {
        let size = MemoryLayout<Number>.size
        guard let range = range(offset, UInt64(size)) else { return nil }
        return bytes.withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: type))
        }
    }

    /// The indices of `count` bytes from `offset`, nil when any of them is outside.
    func range(_ offset: UInt64, _ count: UInt64) -> Range<Int>? {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= UInt64(bytes.count) else { return nil }
        return Int(offset)..<Int(end)
    }

    /// The NUL-terminated text at `offset` within `limits`, nil when its end is not there.
    func text(at offset: UInt64, within limits: Range<Int>) -> String? {
        guard offset < UInt64(limits.count) else { return nil }
        let tail = bytes[(limits.lowerBound + Int(offset))..<limits.upperBound]
        guard let end = tail.firstIndex(of: 0) else { return nil }
        return String(decoding: tail[..<end], as: UTF8.self)
    }
}

/// Why the bytes are no shared object that this process could load.
package struct ObjectFileError: Error, Equatable {
    package enum Kind: Sendable { case format, architecture }
    package var kind = Kind.format
    package var message: String
}
