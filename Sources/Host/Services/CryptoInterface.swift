// gw.crypto/1: OpenSSL for plugins.
package import CGateway
private import COpenSSL

/// Builds the table of `gw.crypto/1`. All [any].
package enum CryptoInterface {
    /// Makes the table; valid as long as the process lives.
    package static func makeTable() -> UnsafePointer<gw_host_crypto> {
        HostTable.make(
            gw_host_crypto(
                struct_size: UInt32(MemoryLayout<gw_host_crypto>.size), rev: 1, sha256: hash,
                hmac_sha256: authenticate, equal: compare, random: fillRandom))
    }
}

private let digestBytes = 32

package enum SHA256Digest {
    /// 32 bytes.
    package static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestBytes)
        bytes.withUnsafeBufferPointer { bytes in
            hash(gw_view(ptr: bytes.baseAddress, len: bytes.count), &digest)
        }
        return digest
    }
}

private func hash(_ bytes: gw_view, _ digest: UnsafeMutablePointer<UInt8>) {
    guard bytes.isSensible, SHA256(bytes.ptr, bytes.len, digest) != nil else {
        return spoil(digest)
    }
}

private func authenticate(
    _ key: gw_view, _ bytes: gw_view, _ digest: UnsafeMutablePointer<UInt8>
) {
    // HMAC() takes a NULL key for "the one of the last call".
    var empty: UInt8 = 0
    let isDone = withUnsafePointer(to: &empty) { empty in
        bytes.isSensible && key.isSensible && key.len <= Int32.max
            && HMAC(
                EVP_sha256(), key.ptr ?? empty, Int32(key.len), bytes.ptr ?? empty, bytes.len,
                digest, nil) != nil
    }
    if !isDone { spoil(digest) }
}

/// What cannot be computed must not be equal to anything.
private func spoil(_ digest: UnsafeMutablePointer<UInt8>) {
    if RAND_bytes(digest, Int32(digestBytes)) != 1 {
        digest.update(repeating: 0, count: digestBytes)
    }
}

private func compare(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
) -> Int32 {
    CRYPTO_memcmp(left, right, count) == 0 ? 1 : 0
}

private func fillRandom(_ out: UnsafeMutablePointer<UInt8>, _ count: Int) -> gw_status {
    guard count >= 0, count <= Int32.max else { return GW_E_INVALID }
    return RAND_bytes(out, Int32(count)) == 1 ? GW_OK : GW_E_INTERNAL
}
