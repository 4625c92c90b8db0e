// What server and client contexts share: common settings, certificates from PEM, authorities.
import Base
private import COpenSSL

/// AEAD with forward secrecy only; AES-128 first, which every processor with AES does fastest.
private let cipherList = """
    ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
    """
private let cipherSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
private let groups = "X25519:P-256:P-384"

/// A new SSL_CTX owned by the caller, with everything set that does not depend on its role.
func makeContext(
    server: Bool, lowest: TLSVersion, highest: TLSVersion
) throws(TLSError) -> OpaquePointer {
    ERR_clear_error()
    guard let context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) else {
        throw TLSError(draining: "cannot make a TLS context")
    }
    gwx_ctx_set_common_options(context)
    // NO_AUTO_CHAIN: else every handshake of a certificate without intermediates searches the
    // trust store for some. RELEASE_BUFFERS: an idle connection keeps no record buffers.
    let modes =
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN
    gwx_ctx_set_mode(context, Int(modes))
    // One recv takes header and body of a record, and the next record when it is there.
    gwx_ctx_set_read_ahead(context, 1)
    let applied =
        gwx_ctx_set_protocol_range(context, lowest.number, highest.number) == 1
        && SSL_CTX_set_cipher_list(context, cipherList) == 1
        && SSL_CTX_set_ciphersuites(context, cipherSuites) == 1
        && gwx_ctx_set_groups(context, groups) == 1
    guard applied else {
        SSL_CTX_free(context)
        throw TLSError(draining: "cannot apply the TLS settings")
    }
    return context
}

extension TLSVersion {
    var number: CInt {
        switch self {
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

/// Puts a chain and its key into a context, from memory.
func install(_ certificate: TLSCertificate, in context: OpaquePointer) throws(TLSError) {
    ERR_clear_error()
    let name = certificate.names.first ?? "certificate"
    let chain = parseChain(certificate.chainPEM)
    defer { for element in chain { X509_free(element) } }
    guard let leaf = chain.first else {
        throw TLSError(draining: "\(name): no certificate found in the chain, expected PEM")
    }
    guard SSL_CTX_use_certificate(context, leaf) == 1 else {
        throw TLSError(draining: "\(name): certificate refused")
    }
    for element in chain.dropFirst() {
        guard gwx_ctx_add_chain_certificate(context, element) == 1 else {
            throw TLSError(draining: "\(name): intermediate certificate refused")
        }
    }
    guard let key = parseKey(certificate.keyPEM) else {
        throw TLSError(draining: "\(name): no private key found, expected unencrypted PEM")
    }
    defer { EVP_PKEY_free(key) }
    guard SSL_CTX_use_PrivateKey(context, key) == 1, SSL_CTX_check_private_key(context) == 1 else {
        throw TLSError(draining: "\(name): private key does not belong to the certificate")
    }
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

/// Trusts the certificates of these PEM files.
func trust(_ files: [String], in context: OpaquePointer) throws(TLSError) {
    ERR_clear_error()
    for file in files where SSL_CTX_load_verify_file(context, file) != 1 {
        throw TLSError(draining: "cannot read certificate authorities from \(file)")
    }
}

/// The protocol list in wire form: each identification behind its length (RFC 7301 §3.1).
func wireList(_ protocols: [TLSApplicationProtocol]) -> [UInt8] {
    protocols.flatMap { element in
        element.identification.withUTF8Buffer { $0.isEmpty ? [] : [UInt8($0.count)] + $0 }
    }
}
