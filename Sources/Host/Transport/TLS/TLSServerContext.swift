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
    /// One SSL_CTX per set of certificates that serve the same name.
    fileprivate private(set) var contexts: [OpaquePointer] = []
    private let names: ServerNameTable
    private let defaultIndex: Int
    private let policies: [Policy]
    private let policyNames: ServerNameTable
    /// The policy for all other names, -1 for none.
    private let otherPolicy: Int
    private let asksForCertificates: Bool
    /// ALPN wire list, server's preference first.
    fileprivate let protocols: [UInt8]
    /// Fetched once: a fetch per handshake takes a lock.
    private let digest: OpaquePointer

    private struct Policy {
        /// 0 leaves the context's.
        let lowest: CInt
        let highest: CInt
        let clients: TLSClientPolicy?
    }

    /// - Throws: `TLSError` naming the certificate, file or setting at fault.
    package init(_ settings: TLSServerSettings) throws(TLSError) {
        guard let digest = EVP_MD_fetch(nil, "SHA256", nil) else {
            throw TLSError(draining: "cannot fetch SHA-256")
        }
        self.digest = digest
        let parts: Parts
        do {
            parts = try Parts(settings)
            base = try Self.makeServerContext(settings)
        } catch {
            EVP_MD_free(digest)
            throw error
        }
        names = ServerNameTable(parts.groups.map(\.names))
        defaultIndex = parts.defaultGroup
        policies = parts.policies
        policyNames = ServerNameTable(settings.policies.map(\.names))
        otherPolicy = settings.policies.firstIndex { $0.names.isEmpty } ?? -1
        asksForCertificates = settings.asksForCertificates
        protocols = wireList(settings.applicationProtocols)
        for group in parts.groups {
            let context = try Self.makeServerContext(settings)
            contexts.append(context)
            for identity in group.identities { try install(identity, in: context) }
        }
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

    /// Settings as tables, before contexts are made of them.
    private struct Parts {
        struct Group {
            var names: [String]
            var identities: [TLSIdentity]
        }

        private(set) var groups: [Group] = []
        private(set) var defaultGroup = -1
        private(set) var policies: [Policy] = []

        init(_ settings: TLSServerSettings) throws(TLSError) {
            var identities: [TLSIdentity] = []
            for certificate in settings.certificates {
                identities.append(try TLSIdentity(certificate))
            }
            addGroups(settings, identities)
            if let index = settings.defaultCertificate {
                guard identities.indices.contains(index) else {
                    throw TLSError("the default certificate is not among the certificates")
                }
                defaultGroup = group(of: identities[index])
            }
            for policy in settings.policies {
                policies.append(
                    Policy(
                        lowest: policy.minimumVersion?.number ?? 0,
                        highest: policy.maximumVersion?.number ?? 0,
                        clients: try policy.clientAuthentication.map {
                            authentication throws(TLSError) in try TLSClientPolicy(authentication)
                        }))
            }
        }

        /// Names with the same certificates, one for each kind of key, share a context.
        private mutating func addGroups(
            _ settings: TLSServerSettings, _ identities: [TLSIdentity]
        ) {
            var order: [String] = []
            var choice: [String: [Int]] = [:]
            for (index, certificate) in settings.certificates.enumerated() {
                for name in certificate.names {
                    let known = choice[name] ?? []
                    if known.isEmpty { order.append(name) }
                    let kind = identities[index].keyKind
                    guard !known.contains(where: { identities[$0].keyKind == kind }) else {
                        continue
                    }
                    choice[name] = known + [index]
                }
            }
            var places: [[Int]: Int] = [:]
            for name in order {
                let indices = choice[name] ?? []
                if let place = places[indices] {
                    groups[place].names.append(name)
                } else {
                    places[indices] = groups.count
                    groups.append(Group(names: [name], identities: indices.map { identities[$0] }))
                }
            }
        }

        /// A group with the identity, made when its names are all served by others.
        private mutating func group(of identity: TLSIdentity) -> Int {
            if let known = groups.firstIndex(where: { $0.identities.first === identity }) {
                return known
            }
            groups.append(Group(names: [], identities: [identity]))
            return groups.count - 1
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

/// What comes of looking at a client hello.
private enum Selection {
    case selected
    /// There is no certificate yet; the name waits in the socket's state.
    case wanted
    case refused
}

extension TLSServerContext {
    /// Chooses certificate and policy before anything else of the hello is looked at, so that a
    /// ticket is judged under the policy of the name asked for now.
    fileprivate func select(
        _ ssl: OpaquePointer, _ socket: UnsafeMutablePointer<TLSSocket>
    ) -> Selection {
        var extensionBytes: UnsafePointer<UInt8>?
        var extensionCount = 0
        _ = SSL_client_hello_get0_ext(
            ssl, UInt32(TLSEXT_TYPE_server_name), &extensionBytes, &extensionCount)
        let hello = UnsafeRawBufferPointer(start: extensionBytes, count: extensionCount)
        return withUnsafeTemporaryAllocation(byteCount: 4 + 256, alignment: 4) { scratch in
            let name = lowercasedServerName(hello, into: .init(rebasing: scratch[4...]))
            let found = names.lookup(name)
            if found >= 0 {
                SSL_set_SSL_CTX(ssl, contexts[found])
            } else if asksForCertificates, defaultIndex < 0 || !name.isEmpty {
                switch socket.pointee.certificate {
                case .none:
                    socket.pointee.want(name)
                    return .wanted
                case .wanted: return .wanted
                case .refused: return .refused
                case .found(let identity):
                    guard identity._withUnsafeGuaranteedRef({ $0.show(on: ssl) }) else {
                        return .refused
                    }
                }
            } else if defaultIndex >= 0 {
                SSL_set_SSL_CTX(ssl, contexts[defaultIndex])
            } else {
                return .refused
            }
            let policy = policy(of: name)
            guard apply(policy, to: ssl) else { return .refused }
            scratch.storeBytes(of: Int32(policy), as: Int32.self)
            return bindTickets(ssl, to: .init(rebasing: scratch[..<(4 + name.count)]))
                ? .selected : .refused
        }
    }

    private func policy(of name: UnsafeMutableRawBufferPointer) -> Int {
        let named = policyNames.lookup(name)
        return named >= 0 ? named : otherPolicy
    }

    private func apply(_ index: Int, to ssl: OpaquePointer) -> Bool {
        guard index >= 0 else { return true }
        let policy = policies[index]
        return gwx_ssl_set_protocol_range(ssl, policy.lowest, policy.highest) == 1
            && policy.clients?.apply(to: ssl) ?? true
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
    guard let ssl, let data,
        let socket = gwx_ssl_app_data(ssl)?.assumingMemoryBound(to: TLSSocket.self)
    else { return SSL_CLIENT_HELLO_ERROR }
    let context = Unmanaged<TLSServerContext>.fromOpaque(data)
    switch context._withUnsafeGuaranteedRef({ $0.select(ssl, socket) }) {
    case .selected: return SSL_CLIENT_HELLO_SUCCESS
    case .wanted: return SSL_CLIENT_HELLO_RETRY
    case .refused:
        alert?.pointee = CInt(SSL_AD_UNRECOGNIZED_NAME)
        socket.pointee.refusedServerName = true
        return SSL_CLIENT_HELLO_ERROR
    }
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
