// From a name to a connection that is ready: addresses, TCP, TLS.
import Base
import CGateway
import HTTP
import Transport

extension H1UpstreamConnection {
    // MARK: Connecting

    /// Dials the addresses one after the other, beginning with the one that worked last.
    func connect(_ addresses: [SocketAddress], first: Int) {
        self.addresses = addresses
        firstAddress = first
        attempts = 0
        connectNext(lastError: 0)
    }

    func resolutionFailed(_ error: ResolutionError) {
        fail(.connect, .broken, "the upstream's name cannot be looked up", detail: "\(error)")
    }

    func connectNext(lastError: Int) {
        guard attempts < addresses.count else {
            fail(
                .connect, .broken, "cannot connect to the upstream",
                detail: SystemError.text(Int32(-lastError)))
            return
        }
        let address = addresses[(firstAddress + attempts) % addresses.count]
        attempts += 1
        let result = Socket.connect(to: address)
        if result == Errno.processFilesExhausted || result == Errno.systemFilesExhausted {
            state = .resolving
            attempts -= 1
            return worker.starve(self)
        }
        guard result >= 0 else { return connectNext(lastError: result) }
        let link = Link(fd: Int32(result), loop: worker.loop)
        self.link = link
        state = .connecting
        do {
            try link.open(.writable, Unmanaged.passUnretained(self).toOpaque()) { context, events in
                Unmanaged<H1UpstreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.ready(Readiness(rawValue: events))
                }
            }
        } catch {
            fail(.connect, .broken, "cannot watch the upstream's socket", detail: "\(error)")
        }
    }

    /// There may be a descriptor now.
    func dialAgain() {
        if state == .resolving { connectNext(lastError: 0) }
    }

    func finishConnecting() {
        guard let link else { return }
        let error = Socket.pendingError(link.fd)
        guard error == 0 else {
            link.close()
            self.link = nil
            return connectNext(lastError: error)
        }
        pool.connected(addressIndex: (firstAddress + attempts - 1) % max(1, addresses.count))
        guard let tls = pool.shared.tls else { return becomeActive() }
        do {
            link.tls = try TLSSession(
                client: tls.context, descriptor: link.fd, peer: tls.peer)
        } catch {
            return fail(.tls, .broken, "cannot begin TLS with the upstream", detail: "\(error)")
        }
        state = .handshaking
        continueHandshake()
    }

    func continueHandshake() {
        guard let link, let tls = link.tls else { return }
        switch tls.handshake() {
        case .done: becomeActive()
        case .wantRead:
            link.setReading(true)
            link.setWantsWrite(false)
        case .wantWrite:
            link.setReading(false)
            link.setWantsWrite(true)
        case .wantCertificate: preconditionFailure("a client waits for no certificate of its own")
        case .closed:
            fail(.tls, .broken, "the upstream closed the connection during the TLS handshake")
        case .failed(let failure):
            fail(.tls, .denied, "the TLS handshake with the upstream failed", detail: "\(failure)")
        }
    }

    func becomeActive() {
        guard let link, let consumer else { return }
        addresses = []
        state = .active
        setDeadline(.max)
        link.setWantsWrite(false)
        link.setReading(true)
        consumer.upstreamReady(self)
    }
}
