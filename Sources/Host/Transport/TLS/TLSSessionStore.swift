// Sessions to resume with upstreams: few, by peer name, each used once.
import Base
private import COpenSSL
import Synchronization

/// A bounded store of SSL_SESSION references, shared by the workers. Touched once per upstream
/// connection, never per request.
final class TLSSessionStore: Sendable {
    private struct Entry: @unchecked Sendable {
        // Unchecked: an SSL_SESSION counts its references atomically and is not changed here.
        let peer: String
        let session: OpaquePointer
    }

    /// Oldest first.
    private let entries = Mutex<[Entry]>([])

    deinit {
        entries.withLock { for entry in $0 { SSL_SESSION_free(entry.session) } }
    }

    /// Takes over the caller's reference; drops the oldest when full.
    func put(_ session: OpaquePointer, for peer: String) {
        let entry = Entry(peer: peer, session: session)
        let dropped: Entry? = entries.withLock { entries in
            entries.append(entry)
            let samePeer = entries.lazy.filter { $0.peer == peer }.count
            if samePeer > Limits.tlsSessionsPerUpstreamMax,
                let index = entries.firstIndex(where: { $0.peer == peer })
            {
                return entries.remove(at: index)
            }
            return entries.count > Limits.tlsClientSessionsMax ? entries.removeFirst() : nil
        }
        if let dropped { SSL_SESSION_free(dropped.session) }
    }

    /// The newest session for a peer; the caller owns it. A ticket is used once, so that
    /// connections cannot be linked by it (RFC 8446 §C.4).
    func take(_ peer: String) -> OpaquePointer? {
        let entry: Entry? = entries.withLock { entries in
            entries.lastIndex { $0.peer == peer }.map { entries.remove(at: $0) }
        }
        return entry?.session
    }
}
