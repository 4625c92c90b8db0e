// The BIO between OpenSSL and a socket: one recv per read, sends that raise no SIGPIPE, and
// session tickets that travel with the first response instead of in a packet of their own.
import Base
private import COpenSSL
private import CSystem

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// The state behind one BIO, owned by its `TLSSession`, used on that session's thread only.
struct TLSSocket {
    /// Not owned.
    let descriptor: Int32
    /// The session that writes through this BIO; set right after it exists.
    var ssl: OpaquePointer?
    /// errno of the last recv or send that failed for good.
    var systemError: Int32 = 0
    /// recv has returned 0.
    var ended = false
    /// The client asked for a name without certificate.
    var refusedServerName = false
    /// What became of a name that the server has no certificate for at hand.
    private(set) var certificate = Certificate.none
    private var name: UnsafeMutableRawBufferPointer?
    /// Whose store takes this session's tickets, and under which name; nil on a server.
    var client: Unmanaged<TLSClientContext>?
    var peer: Unmanaged<TLSPeerName>?
    /// Ticket records waiting for the next write; allocated with the first one.
    private var held: UnsafeMutableRawPointer?
    private var heldCount = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    func deallocate() {
        held?.deallocate()
        name?.deallocate()
    }

    enum Certificate {
        case none, wanted, refused
        /// Not owned: the session keeps it.
        case found(Unmanaged<TLSIdentity>)
    }

    /// The name whose certificate is wanted; empty when the client gave none.
    var wantedName: UnsafeRawBufferPointer {
        name.map { UnsafeRawBufferPointer($0) } ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The handshake waits for a certificate; copies the name.
    mutating func want(_ bytes: UnsafeMutableRawBufferPointer) {
        certificate = .wanted
        guard !bytes.isEmpty else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: UnsafeRawBufferPointer(bytes))
        name = copy
    }

    mutating func provide(_ identity: TLSIdentity?) {
        certificate = identity.map { .found(.passUnretained($0)) } ?? .refused
    }
}

extension TLSSocket {
    /// - Returns: Bytes read, 0 at the end, -1 with `wouldBlock` or `systemError` set.
    fileprivate mutating func receive(
        _ target: UnsafeMutablePointer<CChar>, _ count: Int, wouldBlock: inout Bool
    ) -> Int {
        while true {
            let received = recv(descriptor, target, count, 0)
            if received > 0 { return received }
            if received == 0 {
                ended = true
                return 0
            }
            if errno == EINTR { continue }
            noteError(wouldBlock: &wouldBlock)
            return -1
        }
    }

    /// - Returns: Bytes of `source` accepted, or -1 with `wouldBlock` or `systemError` set.
    fileprivate mutating func write(
        _ source: UnsafePointer<CChar>, _ count: Int, wouldBlock: inout Bool
    ) -> Int {
        if holdsTicket(of: count) {
            hold(source, count)
            return count
        }
        if heldCount == 0 { return transmit(source, count, wouldBlock: &wouldBlock) }
        return transmitHeld(with: source, count, wouldBlock: &wouldBlock)
    }

    /// A TLS 1.3 ticket follows the client's Finished; nobody waits for it, so it may wait for us.
    private func holdsTicket(of count: Int) -> Bool {
        guard let ssl, SSL_get_state(ssl) == TLS_ST_SW_SESSION_TICKET else { return false }
        return SSL_version(ssl) == TLS1_3_VERSION
            && heldCount + count <= Limits.tlsHeldTicketBytesMax
    }

    private mutating func hold(_ source: UnsafePointer<CChar>, _ count: Int) {
        let target =
            held ?? .allocate(byteCount: Limits.tlsHeldTicketBytesMax, alignment: 1)
        held = target
        (target + heldCount).copyMemory(from: source, byteCount: count)
        heldCount += count
    }

    private mutating func transmitHeld(
        with source: UnsafePointer<CChar>, _ count: Int, wouldBlock: inout Bool
    ) -> Int {
        guard let held else { return -1 }
        var parts = (
            iovec(iov_base: held, iov_len: heldCount),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: source), iov_len: count)
        )
        let sent = withUnsafeMutableBytes(of: &parts) { raw in
            var message = msghdr()
            message.msg_iov = raw.baseAddress?.assumingMemoryBound(to: iovec.self)
            message.msg_iovlen = 2
            return retryingSend { sendmsg(descriptor, &message, noSignal) }
        }
        if sent < 0 {
            noteError(wouldBlock: &wouldBlock)
            return -1
        }
        if sent <= heldCount {
            heldCount -= sent
            held.copyMemory(from: held + sent, byteCount: heldCount)
            wouldBlock = true
            return -1
        }
        let accepted = sent - heldCount
        heldCount = 0
        held.deallocate()
        self.held = nil
        return accepted
    }

    private mutating func transmit(
        _ source: UnsafePointer<CChar>, _ count: Int, wouldBlock: inout Bool
    ) -> Int {
        let sent = retryingSend { send(descriptor, source, count, noSignal) }
        if sent < 0 { noteError(wouldBlock: &wouldBlock) }
        return sent
    }

    private mutating func noteError(wouldBlock: inout Bool) {
        if errno == EAGAIN || errno == EWOULDBLOCK {
            wouldBlock = true
        } else {
            systemError = errno
        }
    }
}

#if os(Linux)
private let noSignal = CInt(MSG_NOSIGNAL)
#else
/// Sockets have SO_NOSIGPIPE from the start (CSystem).
private let noSignal: CInt = 0
#endif

@inline(__always)
private func retryingSend(_ call: () -> Int) -> Int {
    while true {
        let sent = call()
        if sent >= 0 || errno != EINTR { return sent }
    }
}

// Callback thunks.

private func socket(of bio: OpaquePointer?) -> UnsafeMutablePointer<TLSSocket>? {
    BIO_get_data(bio)?.assumingMemoryBound(to: TLSSocket.self)
}

private func readThunk(
    _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: CInt
) -> CInt {
    guard let bio, let target, let socket = socket(of: bio) else { return -1 }
    gwx_bio_clear_retry(bio)
    var wouldBlock = false
    let received = socket.pointee.receive(target, Int(count), wouldBlock: &wouldBlock)
    if wouldBlock { gwx_bio_set_retry_read(bio) }
    return CInt(received)
}

private func writeThunk(
    _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: CInt
) -> CInt {
    guard let bio, let source, let socket = socket(of: bio) else { return -1 }
    gwx_bio_clear_retry(bio)
    var wouldBlock = false
    let sent = socket.pointee.write(source, Int(count), wouldBlock: &wouldBlock)
    if wouldBlock { gwx_bio_set_retry_write(bio) }
    return CInt(sent)
}

private func controlThunk(
    _ bio: OpaquePointer?, _ command: CInt, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    switch command {
    case BIO_CTRL_FLUSH: 1
    case BIO_CTRL_EOF: socket(of: bio)?.pointee.ended == true ? 1 : 0
    default: 0
    }
}

/// Made once for the process and never changed after.
nonisolated(unsafe) private let method: OpaquePointer? = {
    guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gateway socket")
    else { return nil }
    BIO_meth_set_read(method, readThunk)
    BIO_meth_set_write(method, writeThunk)
    BIO_meth_set_ctrl(method, controlThunk)
    return method
}()

/// A BIO over `socket`, which must outlive it; nil only when memory is out.
func makeSocketBIO(_ socket: UnsafeMutablePointer<TLSSocket>) -> OpaquePointer? {
    guard let method, let bio = BIO_new(method) else { return nil }
    BIO_set_data(bio, socket)
    BIO_set_init(bio, 1)
    return bio
}
