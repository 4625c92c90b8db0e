// A listening socket of one worker.
import Base
import Transport

/// Accepts connections for one endpoint on one worker's loop.
final class Listener: @unchecked Sendable {
    let endpoint: Endpoint
    private let fd: Int32
    private var source: EventLoop.Source?
    private unowned(unsafe) var worker: Worker?

    /// Takes the descriptor over.
    init(endpoint: Endpoint, fd: Int32) {
        self.endpoint = endpoint
        self.fd = fd
    }

    func open(_ worker: Worker) {
        self.worker = worker
        source = try? worker.loop.watch(
            fd, .readable, Unmanaged.passUnretained(self).toOpaque()
        ) { context, _ in
            Unmanaged<Listener>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.accept() }
        }
    }

    func setAccepting(_ isWanted: Bool) {
        guard let source else { return }
        worker?.loop.setInterest(source, isWanted ? .readable : [])
    }

    /// Takes what is waiting, but not so much that connections which are there already starve.
    private func accept() {
        guard let worker else { return }
        for _ in 0..<Limits.acceptsPerTurn {
            guard worker.hasRoomForClient() else { return worker.pauseAccepting() }
            var peer = SocketAddress()
            let fd = Socket.accept(self.fd, peer: &peer)
            guard fd >= 0 else {
                // Whatever else it is: at once it would fail again, and the loop would spin.
                if fd != Errno.wouldBlock, fd != Errno.connectionAborted {
                    worker.pauseAccepting()
                }
                return
            }
            if !endpoint.address.isUnix { Socket.setNoDelay(Int32(fd)) }
            worker.accepted(Int32(fd), peer, endpoint)
        }
    }

    /// Connections that the system has accepted already are served first: closing the socket would
    /// reset them.
    func close() {
        guard let source else { return }
        accept()
        worker?.loop.unwatch(source)
        self.source = nil
        Socket.close(fd)
    }
}
