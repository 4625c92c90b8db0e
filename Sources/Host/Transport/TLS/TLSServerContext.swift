// The server side of TLS: certificates by server name, ALPN, tickets, client certificates.
import Base
private import COpenSSL

/// Everything that the handshakes of one listener share. Built on the control plane, immutable
/// after, replaced as a whole by a reload; sessions keep the context that they started with.
package final class TLSServerContext: @unchecked Sendable {
    // Unchecked: all state is written in init and only read after; SSL_CTX counts its own
    // references and may make sessions on many threads at once.

    /// Sessions start on this one; it also holds the ticket keys.
    let base: OpaquePointer
    /// One SSL_CTX per certificate, in the order of the settings.
    fileprivate private(set) var contexts: [OpaquePointer] = []
    private let names: ServerNameTable
    private let defaultIndex: Int
    /// ALPN wire list, server's preference first.
    fileprivate let protocols: [UInt8]
    /// Fetched once: a fetch per handshake takes a lock.
    private let digest: OpaquePointer

    /// - Throws: `TLSError` naming the certificate, file or setting at fault.
    package init(_ settings: TLSServerSettings) throws(TLSError) {
        guard let digest = EVP_MD_fetch(nil, "SHA256", nil) else {
            throw TLSError(draining: "cannot fetch SHA-256")
        }
        self.digest = digest
        names = ServerNameTable(settings.certificates.map(\.names))
        defaultIndex = settings.defaultCertificate ?? -1
        protocols = wireList(settings.applicationProtocols)
        do {
            base = try Self.makeServerContext(settings)
        } catch {
            EVP_MD_free(digest)
            throw error
        }
        guard defaultIndex < settings.certificates.count else {
            throw TLSError("the default certificate is not among the certificates")
        }
        try addContexts(settings)
        let data = Unmanaged.passUnretained(self).toOpaque()
        for context in contexts + [base] where !protocols.isEmpty {
            SSL_CTX_set_alpn_select_cb(context, selectProtocol, data)
        }
        SSL_CTX_set_client_hello_cb(base, clientHello, data)
    }

    deinit {
        for context in contexts { SSL_CTX_free(context) }
        SSL_CTX_free(base)
        EVP_MD_free(digest)
    }

    private func addContexts(_ settings: TLSServerSettings) throws(TLSError) {
        for certificate in settings.certificates {
            let context = try Self.makeServerContext(settings)
            contexts.append(context)
            try install(certificate, in: context)
            if let authentication = certificate.clientAuthentication {
                try requireClients(authentication, in: context)
            }
        }
    }

    private static func makeServerContext(
        _ settings: TLSServerSettings
    ) throws(TLSError) -> OpaquePointer {
        let context = try makeContext(
            server: true, lowest: settings.minimumVersion, highest: settings.maximumVersion)
        // Tickets are stateless: nothing is kept per session here.
        gwx_ctx_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        if settings.sessionTickets {
            SSL_CTX_set_num_tickets(context, 1)
        } else {
            gwx_ctx_disable_tickets(context)
        }
        gwx_ctx_set_server_name_callback(context, acknowledgeServerName)
        return context
    }
}

extension TLSServerContext {
    private func requireClients(
        _ authentication: TLSClientAuthentication, in context: OpaquePointer
    ) throws(TLSError) {
        let (flags, verifies) =
            switch authentication.mode {
            case .request: (SSL_VERIFY_PEER, false)
            case .require: (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, false)
            case .verifyIfGiven: (SSL_VERIFY_PEER, true)
            case .requireAndVerify: (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, true)
            }
        SSL_CTX_set_verify(context, flags, verifies ? nil : acceptAnyCertificate)
        guard verifies || !authentication.authorityFiles.isEmpty else { return }
        guard !authentication.authorityFiles.isEmpty else {
            throw TLSError("client certificates cannot be verified without authority files")
        }
        try trust(authentication.authorityFiles, in: context)
        for file in authentication.authorityFiles {
            guard let list = SSL_load_client_CA_file(file) else {
                throw TLSError(draining: "cannot read certificate authorities from \(file)")
            }
            defer { OPENSSL_sk_free(list) }
            try announce(list, in: context)
        }
    }

    /// Tells clients which authorities are accepted (RFC 8446 §4.2.4).
    private func announce(_ names: OpaquePointer, in context: OpaquePointer) throws(TLSError) {
        while let name = OPENSSL_sk_pop(names) {
            let added = gwx_ctx_add_client_authority(context, OpaquePointer(name))
            X509_NAME_free(OpaquePointer(name))
            guard added == 1 else { throw TLSError(draining: "cannot announce an authority") }
        }
    }

    /// Chooses the certificate before anything else of the hello is looked at, so that a ticket
    /// is judged under the policy of the name asked for now.
    ///
    /// - Returns: false when there is no certificate for the client.
    fileprivate func select(_ ssl: OpaquePointer) -> Bool {
        var extensionBytes: UnsafePointer<UInt8>?
        var extensionCount = 0
        _ = SSL_client_hello_get0_ext(
            ssl, UInt32(TLSEXT_TYPE_server_name), &extensionBytes, &extensionCount)
        let hello = UnsafeRawBufferPointer(start: extensionBytes, count: extensionCount)
        return withUnsafeTemporaryAllocation(byteCount: 4 + 256, alignment: 4) { scratch in
            let name = lowercasedServerName(hello, into: .init(rebasing: scratch[4...]))
            let found = names.lookup(name)
            let index = found >= 0 ? found : defaultIndex
            guard index >= 0 else { return false }
            let context = contexts[index]
            SSL_set_SSL_CTX(ssl, context)
            SSL_set_verify(
                ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context))
            scratch.storeBytes(of: UInt32(index), as: UInt32.self)
            return bindTickets(ssl, to: .init(rebasing: scratch[..<(4 + name.count)]))
        }
    }

    /// A ticket is good for one server name under one policy only: both are hashed into the
    /// session id context, which OpenSSL compares before it resumes.
    private func bindTickets(_ ssl: OpaquePointer, to policy: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { result in
            let target = result.assumingMemoryBound(to: UInt8.self).baseAddress
            return EVP_Digest(policy.baseAddress, policy.count, target, nil, digest, nil) == 1
                && SSL_set_session_id_context(ssl, target, 32) == 1
        }
    }
}

/// Takes the host name out of a server_name extension (RFC 6066 §3), in lower case and without
/// a final dot. Empty when the extension is absent or malformed; OpenSSL refuses the latter.
private func lowercasedServerName(
    _ bytes: UnsafeRawBufferPointer, into scratch: UnsafeMutableRawBufferPointer
) -> UnsafeMutableRawBufferPointer {
    let empty = UnsafeMutableRawBufferPointer(rebasing: scratch[..<0])
    guard bytes.count > 5, bytes[2] == UInt8(TLSEXT_NAMETYPE_host_name) else { return empty }
    var count = Int(bytes[3]) << 8 | Int(bytes[4])
    guard count <= bytes.count - 5, count < 256 else { return empty }
    if count > 0, bytes[5 + count - 1] == UInt8(ascii: ".") { count -= 1 }
    for position in 0..<count {
        let byte = bytes[5 + position]
        scratch[position] = byte &- 65 < 26 ? byte | 0x20 : byte
    }
    return UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
}

// Callback thunks.

private func clientHello(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<CInt>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let ssl, let data else { return SSL_CLIENT_HELLO_ERROR }
    let context = Unmanaged<TLSServerContext>.fromOpaque(data)
    if context._withUnsafeGuaranteedRef({ $0.select(ssl) }) { return SSL_CLIENT_HELLO_SUCCESS }
    alert?.pointee = CInt(SSL_AD_UNRECOGNIZED_NAME)
    gwx_ssl_app_data(ssl)?.assumingMemoryBound(to: TLSSocket.self).pointee.refusedServerName = true
    return SSL_CLIENT_HELLO_ERROR
}

/// Without this answer OpenSSL does not keep the name with the session.
private func acknowledgeServerName(
    _ ssl: OpaquePointer, _ alert: UnsafeMutablePointer<CInt>, _ data: UnsafeMutableRawPointer?
) -> CInt {
    SSL_TLSEXT_ERR_OK
}

private func selectProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?,
    _ offeredCount: UInt32, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let data, let chosen, let chosenCount, let offered else { return SSL_TLSEXT_ERR_NOACK }
    let context = Unmanaged<TLSServerContext>.fromOpaque(data)
    return context._withUnsafeGuaranteedRef { context in
        let selected = context.protocols.withUnsafeBufferPointer {
            chooseProtocol(
                preferred: $0, offered: .init(start: offered, count: Int(offeredCount)))
        }
        guard let selected else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        chosen.pointee = selected.baseAddress
        chosenCount.pointee = UInt8(selected.count)
        return SSL_TLSEXT_ERR_OK
    }
}

/// The offered entry that comes first in `preferred`; both are wire lists that OpenSSL checked.
private func chooseProtocol(
    preferred: UnsafeBufferPointer<UInt8>, offered: UnsafeBufferPointer<UInt8>
) -> UnsafeBufferPointer<UInt8>? {
    var wanted = 0
    while wanted < preferred.count {
        let want = preferred[(wanted + 1)..<(wanted + 1 + Int(preferred[wanted]))]
        var position = 0
        while position < offered.count {
            let end = min(position + 1 + Int(offered[position]), offered.count)
            let offer = offered[(position + 1)..<end]
            if offer.elementsEqual(want) { return UnsafeBufferPointer(rebasing: offer) }
            position = end
        }
        wanted = want.endIndex
    }
    return nil
}

/// `request` and `require` ask for a certificate and leave its judgement to the handlers.
private func acceptAnyCertificate(_ verified: CInt, _ store: OpaquePointer?) -> CInt { 1 }
