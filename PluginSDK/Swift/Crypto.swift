// Hashes, comparison in constant time, and randomness. [any]
import CGateway

public enum Crypto {
    public typealias Digest = InlineArray<32, UInt8>

    public static func sha256(_ bytes: Bytes) throws(Status) -> Digest {
        guard let table = Host.crypto else { throw .unsupported }
        return digest { table.pointee.sha256(bytes.view, $0) }
    }

    public static func hmacSHA256(key: Bytes, _ bytes: Bytes) throws(Status) -> Digest {
        guard let table = Host.crypto else { throw .unsupported }
        return digest { table.pointee.hmac_sha256(key.view, bytes.view, $0) }
    }

    /// Whether both are equal; the time depends on the length only.
    public static func equal(_ a: Bytes, _ b: Bytes) -> Bool {
        guard a.count == b.count, let table = Host.crypto else { return false }
        guard let first = a.start, let second = b.start else { return true }
        return table.pointee.equal(first, second, a.count) == 1
    }

    public static func equal(_ a: Digest, _ b: Digest) -> Bool {
        a.span.bytes.withUnsafeBytes { a in
            b.span.bytes.withUnsafeBytes { b in equal(Bytes(a), Bytes(b)) }
        }
    }

    /// Bytes that nobody can guess.
    public static func random(_ count: Int) throws(Status) -> [UInt8] {
        guard let table = Host.crypto else { throw .unsupported }
        var code = GW_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard let start = buffer.baseAddress else { return }
            code = table.pointee.random(start, count)
            filled = code == GW_OK ? count : 0
        }
        try Status.check(code)
        return bytes
    }

    private static func digest(_ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> Digest {
        var digest = Digest(repeating: 0)
        var bytes = digest.mutableSpan
        bytes.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { fill(start) }
        }
        return digest
    }
}
