// One TLS connection over a non-blocking socket.
import Base
private import COpenSSL

/// The outcome of a step. After `failed` or `closed` only `deinit` is left.
package enum TLSStep: Equatable, Sendable {
    /// Done; the bytes moved, 0 for a handshake or a shutdown.
    case done(Int)
    case wantRead
    case wantWrite
    /// The handshake goes on when `provide` was called; see `wantedServerName`.
    case wantCertificate
    /// The peer said close_notify: everything it sent has arrived.
    case closed
    case failed(TLSFailure)
}

/// Owns the SSL object of a connection, not its descriptor, which must outlive it. Belongs to one
/// thread. Reading and writing allocate nothing on the Swift side.
///
/// Reads run ahead: bytes may wait in here while the socket is silent, so read until `wantRead`
/// (or while `hasPending`) before waiting for the socket.
package final class TLSSession {
    private let ssl: OpaquePointer
    private let socket: UnsafeMutablePointer<TLSSocket>
    /// Keeps the context alive that callbacks point to.
    private let server: TLSServerContext?
    private let client: TLSClientContext?
    private let peer: TLSPeerName?
    /// Found while the handshake waited.
    private var identity: TLSIdentity?
    /// Nothing may be sent any more (RFC 8446 §6.2).
    private var isBroken = false

    /// A server session; the client speaks first.
    ///
    /// - Throws: `TLSError` when memory is out.
    package init(server context: TLSServerContext, descriptor: Int32) throws(TLSError) {
        (ssl, socket) = try makeSession(context.base, descriptor)
        server = context
        client = nil
        peer = nil
        SSL_set_accept_state(ssl)
    }

    /// A client session that accepts only a certificate for `peer`, unless its context skips
    /// verification.
    ///
    /// - Throws: `TLSError` when memory is out.
    package init(
        client context: TLSClientContext, descriptor: Int32, peer: TLSPeerName
    ) throws(TLSError) {
        (ssl, socket) = try makeSession(context.context, descriptor)
        server = nil
        client = context
        self.peer = peer
        socket.pointee.client = .passUnretained(context)
        socket.pointee.peer = .passUnretained(peer)
        SSL_set_connect_state(ssl)
        guard prepareVerification(peer) else {
            throw TLSError(draining: "cannot set the server name \"\(peer.text)\"")
        }
        if let session = context.sessions.take(peer.text) {
            SSL_set_session(ssl, session)
            SSL_SESSION_free(session)
        }
    }

    deinit {
        // A session that ended in a failure must not be resumed; freeing drops it silently.
        SSL_free(ssl)
        socket.pointee.deallocate()
        socket.deallocate()
    }

    private func prepareVerification(_ peer: TLSPeerName) -> Bool {
        peer.characters.withUnsafeBufferPointer { name in
            guard let text = name.baseAddress else { return false }
            if peer.isAddress {
                // RFC 6066 §3: addresses are not sent as server names.
                return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) == 1
            }
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            return SSL_set1_host(ssl, text) == 1 && gwx_ssl_set_server_name(ssl, text) == 1
        }
    }
}

// Moving bytes.

extension TLSSession {
    /// Goes on with the handshake as far as the socket allows.
    package func handshake() -> TLSStep {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        return result == 1 ? .done(0) : step(for: result)
    }

    /// Reads plaintext; `done` carries at least one byte. An empty target is a programmer error.
    package func read(into target: UnsafeMutableRawBufferPointer) -> TLSStep {
        precondition(!target.isEmpty, "read into an empty buffer")
        ERR_clear_error()
        var total = 0
        let result = SSL_read_ex(ssl, target.baseAddress, target.count, &total)
        return result == 1 ? .done(total) : step(for: result)
    }

    /// Writes plaintext; `done` may carry less than the whole. After `wantWrite` the next call
    /// must start with the same bytes; they may have moved and there may be more of them.
    package func write(_ source: UnsafeRawBufferPointer) -> TLSStep {
        guard !source.isEmpty else { return .done(0) }
        ERR_clear_error()
        var total = 0
        let result = SSL_write_ex(ssl, source.baseAddress, source.count, &total)
        return result == 1 ? .done(total) : step(for: result)
    }

    /// Sends close_notify once; it does not wait for the peer's. Nothing happens on a session
    /// that failed or never finished its handshake.
    package func shutdown() -> TLSStep {
        guard !isBroken, SSL_is_init_finished(ssl) == 1 else { return .done(0) }
        ERR_clear_error()
        let result = SSL_shutdown(ssl)
        if result >= 0 { return .done(0) }
        return step(for: result)
    }

    /// Whether bytes wait in here, decrypted or not; the socket does not tell about them.
    package var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    /// Decrypted bytes that the next read returns without touching the socket.
    package var pendingBytes: Int { Int(SSL_pending(ssl)) }

    private func step(for result: CInt) -> TLSStep {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantRead
        case SSL_ERROR_WANT_WRITE: return .wantWrite
        case SSL_ERROR_WANT_CLIENT_HELLO_CB: return .wantCertificate
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: return .failed(fail())
        }
    }

    private func fail() -> TLSFailure {
        isBroken = true
        let failure = TLSFailure.drain(
            verifyResult: SSL_get_verify_result(ssl), systemError: socket.pointee.systemError)
        return socket.pointee.refusedServerName ? .unknownServerName : failure
    }
}

// A certificate that is not at hand.

extension TLSSession {
    /// The name that `wantCertificate` is about, in lower case; empty when the client gave none.
    /// Lives as long as the session.
    package var wantedServerName: UnsafeRawBufferPointer { socket.pointee.wantedName }

    /// Answers `wantCertificate`; nil refuses the client with `unrecognized_name`. Call `handshake`
    /// after it.
    package func provide(_ identity: TLSIdentity?) {
        self.identity = identity
        socket.pointee.provide(identity)
    }
}

// What was agreed on; valid once the handshake is done.

extension TLSSession {
    package var applicationProtocol: TLSApplicationProtocol {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        // "h2" and "http/1.1" are all that our contexts ever offer or choose.
        switch count {
        case 2: return .http2
        case 8: return .http1
        default: return .none
        }
    }

    package var version: TLSVersion { SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12 }

    /// The session was resumed: no certificate was shown in this handshake.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The server name that the client asked for, as it sent it; empty when it sent none. Lives
    /// as long as the session.
    package var serverName: UnsafeRawBufferPointer {
        guard let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: name, count: strlen(name))
    }

    /// The IANA number of the cipher suite, 0 before the handshake.
    package var cipherNumber: UInt16 {
        SSL_get_current_cipher(ssl).map { SSL_CIPHER_get_protocol_id($0) } ?? 0
    }

    /// The cipher suite's IANA name, such as `TLS_AES_128_GCM_SHA256`; lives as long as the process.
    package var cipherText: UnsafeRawBufferPointer {
        guard let name = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: name, count: strlen(name))
    }

    package var cipherName: String {
        guard let cipher = SSL_get_current_cipher(ssl), let name = SSL_CIPHER_standard_name(cipher)
        else { return "" }
        return String(cString: name)
    }

    /// Whether the peer showed a certificate, in this handshake or in the one resumed.
    package var hasPeerCertificate: Bool { SSL_get0_peer_certificate(ssl) != nil }

    /// The peer certificate's subject in RFC 2253 form, nil without one. Makes a string.
    package var peerSubject: String? {
        guard let certificate = SSL_get0_peer_certificate(ssl),
            let subject = X509_get_subject_name(certificate), let bio = BIO_new(BIO_s_mem())
        else { return nil }
        defer { BIO_free(bio) }
        guard gwx_print_name(bio, subject) >= 0 else { return nil }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = gwx_bio_memory(bio, &bytes)
        let text = UnsafeRawBufferPointer(start: bytes, count: count)
        return String(decoding: text, as: UTF8.self)
    }
}

/// The SSL object with its socket below it, both for one session to own.
private func makeSession(
    _ context: OpaquePointer, _ descriptor: Int32
) throws(TLSError) -> (OpaquePointer, UnsafeMutablePointer<TLSSocket>) {
    ERR_clear_error()
    guard let ssl = SSL_new(context) else { throw TLSError(draining: "cannot make a session") }
    let socket = UnsafeMutablePointer<TLSSocket>.allocate(capacity: 1)
    socket.initialize(to: TLSSocket(descriptor: descriptor))
    socket.pointee.ssl = ssl
    guard let bio = makeSocketBIO(socket) else {
        SSL_free(ssl)
        socket.deallocate()
        throw TLSError(draining: "cannot make a session")
    }
    gwx_ssl_set_app_data(ssl, socket)
    // One BIO for both directions: SSL_set_bio takes the one reference.
    SSL_set_bio(ssl, bio, bio)
    return (ssl, socket)
}
