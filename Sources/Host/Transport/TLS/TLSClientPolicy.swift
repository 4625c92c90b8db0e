// What a server asks of a client, ready to be put on connections.
import Base
private import COpenSSL

/// Made on the control plane, immutable after.
final class TLSClientPolicy: @unchecked Sendable {
    // Unchecked: only read after init; OpenSSL counts references atomically.

    private let flags: CInt
    private let verifies: Bool
    private let store: OpaquePointer
    private let names: OpaquePointer

    /// - Throws: `TLSError` naming the file at fault; none is skipped.
    init(_ authentication: TLSClientAuthentication) throws(TLSError) {
        (flags, verifies) =
            switch authentication.mode {
            case .request: (SSL_VERIFY_PEER, false)
            case .require: (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, false)
            case .verifyIfGiven: (SSL_VERIFY_PEER, true)
            case .requireAndVerify: (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, true)
            }
        guard !verifies || !authentication.authorityFiles.isEmpty else {
            throw TLSError("client certificates cannot be verified without authority files")
        }
        ERR_clear_error()
        guard let store = X509_STORE_new() else { throw TLSError(draining: "out of memory") }
        guard let names = gwx_new_names() else {
            X509_STORE_free(store)
            throw TLSError(draining: "out of memory")
        }
        self.store = store
        self.names = names
        for file in authentication.authorityFiles {
            // Clients are told which authorities are accepted (RFC 8446 §4.2.4).
            guard X509_STORE_load_file(store, file) == 1,
                gwx_add_client_authorities(names, file) == 1
            else {
                throw TLSError(draining: "cannot read certificate authorities from \(file)")
            }
        }
    }

    deinit {
        X509_STORE_free(store)
        gwx_names_free(names)
    }

    func apply(to ssl: OpaquePointer) -> Bool {
        SSL_set_verify(ssl, flags, verifies ? nil : acceptAnyCertificate)
        return gwx_ssl_set_client_authorities(ssl, store, names) == 1
    }
}

/// `request` and `require` ask for a certificate and leave its judgement to the handlers.
private func acceptAnyCertificate(_ verified: CInt, _ store: OpaquePointer?) -> CInt { 1 }
