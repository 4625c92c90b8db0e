// One worker's connections to one upstream.
import Base
import Synchronization
import Transport

/// Kept connections, newest first, and the addresses that new ones go to. One thread owns it.
///
/// The worker keeps it until its upstream ends, connections until they are closed.
final class WorkerPool {
    unowned(unsafe) let worker: Worker
    let shared: UpstreamPool
    private var idle: [H1UpstreamConnection] = []
    private var addresses: [SocketAddress] = []
    private var addressesExpire: UInt64 = 0
    /// Index of the address that worked last.
    private var preferred = 0
    private var isResolving = false
    private var waiting: [H1UpstreamConnection] = []
    private var isRetired = false
    /// Where the worker's table of upstreams that requests named has it.
    var dynamicKeys: [Int] = []

    init(worker: Worker, shared: UpstreamPool) {
        self.worker = worker
        self.shared = shared
        isRetired = shared.isClosed.load(ordering: .relaxed)
        switch shared.spec.target {
        case .unix(let path):
            if let address = SocketAddress(unixPath: path) { addresses = [address] }
            addressesExpire = .max
        case .host(let host, let port):
            guard let address = Resolver.literal(host: host, port: port) else { break }
            addresses = [address]
            addressesExpire = .max
        }
    }

    /// Starts a call: on a kept connection, whose consumer is told at once, or on a new one.
    func call(_ consumer: UpstreamConsumer, needsFresh: Bool) -> UpstreamStream {
        shared.active.add(1, ordering: .relaxed)
        while !needsFresh, let connection = idle.popLast() {
            shared.idle.subtract(1, ordering: .relaxed)
            if !consumer.isRepeatable, !connection.isQuiet {
                connection.close()
                continue
            }
            if connection.begin(consumer) { return connection }
        }
        let connection = H1UpstreamConnection(pool: self)
        worker.retain(connection)
        connection.beginFresh(consumer)
        resolveOrConnect(connection)
        return connection
    }

    func callEnded() { shared.active.subtract(1, ordering: .relaxed) }

    // MARK: Kept connections

    /// Keeps a connection for the next call; false when there are enough.
    func keep(_ connection: H1UpstreamConnection) -> Bool {
        guard shared.spec.mayReuse, idle.count < shared.spec.idleMax, !isRetired,
            !worker.isDraining
        else { return false }
        idle.append(connection)
        shared.idle.add(1, ordering: .relaxed)
        return true
    }

    /// A kept connection has ended by itself.
    func forget(_ connection: H1UpstreamConnection) {
        guard let index = idle.lastIndex(where: { $0 === connection }) else { return }
        idle.remove(at: index)
        shared.idle.subtract(1, ordering: .relaxed)
    }

    /// The upstream has ended: nothing is kept any more.
    func retire() {
        isRetired = true
        closeIdle()
    }

    func closeIdle() {
        let connections = idle
        for connection in connections { connection.close() }
    }

    // MARK: Addresses

    private func resolveOrConnect(_ connection: H1UpstreamConnection) {
        if !addresses.isEmpty, addressesExpire > worker.loop.now {
            connection.connect(addresses, first: preferred)
            return
        }
        // A look-up that has grown old still serves while the next one is made.
        if !addresses.isEmpty {
            connection.connect(addresses, first: preferred)
        } else {
            waiting.append(connection)
        }
        resolve()
    }

    func connected(addressIndex: Int) { preferred = addressIndex }

    private func resolve() {
        guard !isResolving, case .host(let host, let port) = shared.spec.target else { return }
        isResolving = true
        let lookup = Lookup(pool: self, host: host, port: port)
        if !worker.lookups.start(lookup) {
            finishLookup(
                .failure(ResolutionError(host: host, reason: "too many look-ups are waiting")))
        }
    }

    func finishLookup(_ result: Result<[SocketAddress], ResolutionError>) {
        isResolving = false
        let connections = waiting
        waiting.removeAll()
        switch result {
        case .success(let found):
            addresses = found
            preferred = 0
            addressesExpire = worker.loop.now + Limits.resolutionLifetime
            for connection in connections { connection.connect(found, first: 0) }
        case .failure(let error):
            // Old addresses stay in use; the next call tries again soon.
            addressesExpire = worker.loop.now + Limits.second
            for connection in connections { connection.resolutionFailed(error) }
        }
    }

    func stopWaiting(_ connection: H1UpstreamConnection) {
        waiting.removeAll { $0 === connection }
    }
}
