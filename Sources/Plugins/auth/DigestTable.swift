// Hashes of secrets, searched in a time that does not tell which one matched.
import PluginSDK

/// SHA-256 hashes side by side. Immutable once made. [any]
final class DigestTable: Sendable {
    private static let digestBytes = 32
    private let bytes: Bytes
    let count: Int

    init(_ digests: [Crypto.Digest]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: digests.count * Self.digestBytes, alignment: 8)
        for (index, digest) in digests.enumerated() {
            digest.span.bytes.withUnsafeBytes {
                copy.baseAddress?.advanced(by: index * Self.digestBytes)
                    .copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
            }
        }
        bytes = Bytes(UnsafeRawBufferPointer(copy))
        count = digests.count
    }

    deinit { bytes.start?.deallocate() }

    /// Index of a hash. Looks at every one in full, without branches on what it finds.
    func index(of digest: Crypto.Digest) -> Int? {
        let wanted = DigestWords(digest)
        let buffer = bytes.buffer
        var found: UInt64 = 0
        for index in 0..<count {
            let words = DigestWords(buffer, at: index * Self.digestBytes)
            let difference = wanted.difference(to: words)
            // All ones when there is no difference, else zero.
            let mask = ((difference | (0 &- difference)) >> 63) &- 1
            found |= mask & UInt64(truncatingIfNeeded: index &+ 1)
        }
        return found == 0 ? nil : Int(found) - 1
    }
}

/// A hash as four numbers: a key of dictionaries, and quick to compare.
struct DigestWords: Hashable, Sendable, BitwiseCopyable {
    private let a: UInt64
    private let b: UInt64
    private let c: UInt64
    private let d: UInt64

    init(_ digest: Crypto.Digest) {
        self = digest.span.bytes.withUnsafeBytes { DigestWords($0, at: 0) }
    }

    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        a = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        b = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        c = bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
        d = bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
    }

    /// Zero when both are the same.
    func difference(to other: DigestWords) -> UInt64 {
        (a ^ other.a) | (b ^ other.b) | (c ^ other.c) | (d ^ other.d)
    }
}
