// Look-ups of upstreams' names, off the loops.
import Base
import Synchronization
import Transport

/// The look-ups of all workers. They have threads of their own, so that a resolver that hangs holds
/// up no other work; a name takes one of them at a time, however many workers ask for it.
final class Lookups: Sendable {
    private struct Name: Hashable {
        let host: String
        let port: UInt16
    }

    private let threads: WorkPool
    /// By the name that is being looked up, those that wait for it.
    private let waiting = Mutex<[Name: [Lookup]]>([:])

    init(threadsMax: Int = Limits.lookupThreadsMax, queueMax: Int = Limits.lookupQueueMax) {
        threads = WorkPool(threadsMax: threadsMax, queueMax: queueMax, threadName: "gw-lookup")
    }

    /// Looks up, or joins a look-up of the same name; false when too many are waiting. [loop]
    func start(_ lookup: Lookup) -> Bool {
        let name = Name(host: lookup.host, port: lookup.port)
        return waiting.withLock { waiting in
            if waiting[name] != nil {
                waiting[name]?.append(lookup)
                return true
            }
            let flight = Flight(lookups: self, name: name)
            let argument = Unmanaged.passRetained(flight).toOpaque()
            let isQueued = threads.submit(
                WorkPool.Item(
                    run: EventLoop.Job(argument: argument) { Flight.run($0) }, loop: nil, done: nil)
            )
            if isQueued {
                waiting[name] = [lookup]
            } else {
                Unmanaged<Flight>.fromOpaque(argument).release()
            }
            return isQueued
        }
    }

    /// One look-up on a thread of the pool, for all that wait for the name.
    private final class Flight: Sendable {
        let lookups: Lookups
        let name: Name

        init(lookups: Lookups, name: Name) {
            self.lookups = lookups
            self.name = name
        }

        /// [work]
        static func run(_ argument: UnsafeMutableRawPointer?) {
            guard let argument else { return }
            let flight = Unmanaged<Flight>.fromOpaque(argument).takeRetainedValue()
            let result: Result<[SocketAddress], ResolutionError>
            do {
                result = .success(
                    try Resolver.resolve(host: flight.name.host, port: flight.name.port))
            } catch {
                result = .failure(error)
            }
            let waiting = flight.lookups.waiting.withLock { $0.removeValue(forKey: flight.name) }
            for lookup in waiting ?? [] { lookup.finish(result) }
        }
    }
}

/// What one worker's pool wants to know. Made on the loop, filled by a thread of the pool, read on
/// the loop again.
final class Lookup: @unchecked Sendable {
    let host: String
    let port: UInt16
    private let pool: WorkerPool
    private let loop: EventLoop
    private var result: Result<[SocketAddress], ResolutionError>?

    init(pool: WorkerPool, host: String, port: UInt16) {
        self.pool = pool
        self.host = host
        self.port = port
        loop = pool.worker.loop
    }

    /// [work]
    fileprivate func finish(_ result: Result<[SocketAddress], ResolutionError>) {
        self.result = result
        let argument = Unmanaged.passRetained(self).toOpaque()
        loop.post(
            EventLoop.Job(argument: argument) { argument in
                guard let argument else { return }
                Unmanaged<Lookup>.fromOpaque(argument).takeRetainedValue().deliver()
            })
    }

    /// [loop]
    private func deliver() {
        if let result { pool.finishLookup(result) }
    }
}
