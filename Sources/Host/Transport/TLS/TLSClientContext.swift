// The client side of TLS: trust, verification and resumption for upstreams.
import Base
private import COpenSSL

/// Everything that the connections to one kind of upstream share. Built on the control plane,
/// immutable after, used by all workers.
package final class TLSClientContext: @unchecked Sendable {
    // Unchecked: all state is written in init and only read after; the session store has a lock.

    let context: OpaquePointer
    let sessions = TLSSessionStore()

    /// - Throws: `TLSError` naming the file or setting at fault; nothing is skipped.
    package init(_ settings: TLSClientSettings) throws(TLSError) {
        context = try makeContext(
            server: false, lowest: settings.minimumVersion, highest: settings.maximumVersion)
        try setTrust(settings.trust)
        if let certificate = settings.certificate {
            try install(TLSIdentity(certificate), in: context)
        }
        let protocols = wireList(settings.applicationProtocols)
        // This function alone returns 0 on success.
        if !protocols.isEmpty,
            SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count)) != 0
        {
            throw TLSError(draining: "cannot set the application protocols")
        }
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        gwx_ctx_set_session_cache_mode(context, Int(mode))
        SSL_CTX_sess_set_new_cb(context, storeSession)
    }

    deinit { SSL_CTX_free(context) }

    private func setTrust(_ trust: TLSClientSettings.Trust) throws(TLSError) {
        switch trust {
        case .insecureSkipVerify:
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
            return
        case .systemStore:
            guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw TLSError(draining: "cannot use the system's certificate store")
            }
        case .files(let files):
            guard !files.isEmpty else { throw TLSError("no certificate authority files given") }
            try Transport.trust(files, in: context)
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }
}

/// The name that an upstream must prove, prepared once per upstream.
package final class TLSPeerName: Sendable {
    /// Host name or address as configured, lower case, without brackets or a final dot.
    package let text: String
    let isAddress: Bool
    /// NUL-terminated `text`.
    let characters: [CChar]

    /// - Throws: `TLSError` when it cannot be a host name or an address.
    package init(_ name: String) throws(TLSError) {
        var text = name.lowercased()
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        if text.hasSuffix(".") { text.removeLast() }
        guard !text.isEmpty, text.utf8.count < 256, !text.utf8.contains(0) else {
            throw TLSError("invalid server name \"\(name)\", expected a host name or an address")
        }
        self.text = text
        characters = text.utf8CString.map { $0 }
        let address = a2i_IPADDRESS(text)
        isAddress = address != nil
        ASN1_OCTET_STRING_free(address)
        ERR_clear_error()
    }
}

/// OpenSSL has a new session (a ticket came); 1 means that the store took the reference.
private func storeSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> CInt {
    guard let ssl, let session, let data = gwx_ssl_app_data(ssl) else { return 0 }
    let socket = data.assumingMemoryBound(to: TLSSocket.self)
    guard let owner = socket.pointee.client, let peer = socket.pointee.peer,
        SSL_SESSION_is_resumable(session) == 1
    else { return 0 }
    owner._withUnsafeGuaranteedRef { context in
        peer._withUnsafeGuaranteedRef { context.sessions.put(session, for: $0.text) }
    }
    return 1
}
