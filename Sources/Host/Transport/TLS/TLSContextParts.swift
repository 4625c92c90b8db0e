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

/// Puts a chain and its key into a context, beside those with keys of other kinds.
func install(_ identity: TLSIdentity, in context: OpaquePointer) throws(TLSError) {
    ERR_clear_error()
    let done = SSL_CTX_use_cert_and_key(context, identity.leaf, identity.key, identity.chain, 1)
    guard done == 1 else { throw TLSError(draining: "\(identity.name): certificate refused") }
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
