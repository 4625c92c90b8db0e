// A parsed certificate chain with its key: what a handshake shows.
import Base
private import COpenSSL

/// Immutable; shared by contexts, connections and threads.
package final class TLSIdentity: @unchecked Sendable {
    // Unchecked: OpenSSL counts references atomically and locks its lazy caches.

    let leaf: OpaquePointer
    let key: OpaquePointer
    /// The intermediates, a STACK_OF(X509).
    let chain: OpaquePointer
    /// For messages.
    let name: String

    /// - Throws: `TLSError` that names the certificate and what is wrong with it.
    package init(_ certificate: TLSCertificate) throws(TLSError) {
        ERR_clear_error()
        name = certificate.names.first ?? "certificate"
        guard let chain = gwx_new_chain() else { throw TLSError("out of memory") }
        self.chain = chain
        let elements = parseChain(certificate.chainPEM)
        for element in elements.dropFirst() { gwx_chain_push(chain, element) }
        let parsedKey = parseKey(certificate.keyPEM)
        guard let first = elements.first, let parsedKey else {
            let what =
                elements.isEmpty
                ? "no certificate found in the chain, expected PEM"
                : "no private key found, expected unencrypted PEM"
            if let first = elements.first { X509_free(first) }
            if let parsedKey { EVP_PKEY_free(parsedKey) }
            gwx_chain_free(chain)
            throw TLSError(draining: "\(name): \(what)")
        }
        leaf = first
        key = parsedKey
        guard X509_check_private_key(leaf, key) == 1 else {
            throw TLSError(draining: "\(name): private key does not belong to the certificate")
        }
    }

    deinit {
        X509_free(leaf)
        EVP_PKEY_free(key)
        gwx_chain_free(chain)
    }

    /// Puts it on one connection.
    func show(on ssl: OpaquePointer) -> Bool {
        SSL_use_cert_and_key(ssl, leaf, key, chain, 1) == 1
    }

    /// Two identities of one kind cannot stand beside each other in a context.
    var keyKind: CInt { EVP_PKEY_get_base_id(key) }
}

/// The certificates of a PEM text in order; each is owned by the caller.
private func parseChain(_ pem: [UInt8]) -> [OpaquePointer] {
    guard let bio = pem.withUnsafeBytes({ BIO_new_mem_buf($0.baseAddress, CInt($0.count)) }) else {
        return []
    }
    return withExtendedLifetime(pem) {
        defer { BIO_free(bio) }
        var chain: [OpaquePointer] = []
        while let element = PEM_read_bio_X509(bio, nil, refusePassphrase, nil) {
            chain.append(element)
        }
        // The end of the text is reported as "no start line".
        if !chain.isEmpty { ERR_clear_error() }
        return chain
    }
}

private func parseKey(_ pem: [UInt8]) -> OpaquePointer? {
    pem.withUnsafeBytes { bytes in
        guard let bio = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count)) else { return nil }
        defer { BIO_free(bio) }
        return PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil)
    }
}

/// Without it OpenSSL would ask on the terminal.
private func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: CInt, _ writing: CInt,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    -1
}
