// The process's workers, for C functions of the ABI that carry no context.
import Base
import CGateway
import Loader
import Synchronization
import Transport

/// Set once, before the first plugin is loaded; read from every thread afterwards.
enum Workers {
    private struct State: Sendable {
        var all: [Worker] = []
    }

    private static let state = Mutex(State())
    private typealias Table = UnsafePointer<UnsafeBufferPointer<Unmanaged<Worker>>>
    /// Those of `state`, which keeps them, for readers that take no lock.
    nonisolated(unsafe) private static let table = Atomic<Table?>(nil)
    /// Pools of all workers.
    static let pools = UpstreamPools()

    static func install(_ workers: [Worker]) {
        state.withLock { $0.all = workers }
        let entries = UnsafeMutableBufferPointer<Unmanaged<Worker>>.allocate(
            capacity: workers.count)
        _ = entries.initialize(fromContentsOf: workers.map { .passUnretained($0) })
        let new = UnsafeMutablePointer<UnsafeBufferPointer<Unmanaged<Worker>>>.allocate(capacity: 1)
        new.initialize(to: UnsafeBufferPointer(entries))
        // An earlier table stays: somebody may be reading it.
        table.store(Table(new), ordering: .releasing)
    }

    static var all: [Worker] { state.withLock { $0.all } }

    static var count: Int { state.withLock { $0.all.count } }

    /// An upstream has ended. [any thread]
    static func drop(_ pool: UpstreamPool) {
        for worker in all { worker.run { worker.drop(pool) } }
    }

    /// The worker with an index; GW_WORKER_ANY is the calling one, else the first.
    static func worker(_ index: UInt32) -> Worker? {
        let wanted: Int
        if index == UInt32.max {
            if case .loop(let current) = ThreadRole.current {
                wanted = Int(current)
            } else {
                wanted = 0
            }
        } else {
            wanted = Int(index)
        }
        guard let workers = table.load(ordering: .acquiring)?.pointee, wanted < workers.count
        else { return nil }
        return workers[wanted].takeUnretainedValue()
    }

    /// Completes a ticket: from the top of its worker's loop. [any thread]
    static func complete(_ ticket: UInt64, _ verdict: gw_verdict, _ callback: ResumeCallback?)
        -> gw_status
    {
        guard let worker = worker(UInt32(TicketTable.worker(of: ticket))), ticket != 0 else {
            return GW_E_STALE
        }
        if case .loop(let current) = ThreadRole.current, Int(current) == worker.index {
            return worker.complete(ticket, verdict, callback) ? GW_OK : GW_E_STALE
        }
        guard verdict <= GW_LEAVE else { return GW_E_INVALID }
        let completion = RemoteCompletion(
            worker: worker, ticket: ticket, verdict: verdict, callback: callback)
        worker.loop.post(
            EventLoop.Job(argument: Unmanaged.passRetained(completion).toOpaque()) { argument in
                guard let argument else { return }
                Unmanaged<RemoteCompletion>.fromOpaque(argument).takeRetainedValue().run()
            })
        return GW_OK
    }
}

/// A completion on its way from another thread.
private final class RemoteCompletion {
    let worker: Worker
    let ticket: UInt64
    let verdict: gw_verdict
    let callback: ResumeCallback?

    init(worker: Worker, ticket: UInt64, verdict: gw_verdict, callback: ResumeCallback?) {
        self.worker = worker
        self.ticket = ticket
        self.verdict = verdict
        self.callback = callback
    }

    func run() {
        if !worker.complete(ticket, verdict, callback), let callback {
            callback.onGone?(callback.argument)
        }
    }
}

extension Worker {
    func beginTicket(_ exchange: Exchange) -> UInt64 { tickets.begin(exchange, worker: index) }

    func invalidate(_ ticket: UInt64) { tickets.invalidate(ticket) }

    /// Queues a completion for the end of the turn; false when the ticket is stale.
    func complete(_ ticket: UInt64, _ verdict: gw_verdict, _ callback: ResumeCallback?) -> Bool {
        tickets.complete(TicketTable.Due(ticket: ticket, verdict: verdict, callback: callback))
    }

    /// Resumes what was completed in this turn, and what that completes.
    func resumeDue() {
        while tickets.hasDue {
            tickets.takeDue(&resumesUnderWay)
            for due in resumesUnderWay { resume(due) }
            resumesUnderWay.removeAll(keepingCapacity: true)
        }
    }

    private func resume(_ due: TicketTable.Due) {
        guard let exchange = tickets.find(due.ticket) else {
            if let callback = due.callback { callback.onGone?(callback.argument) }
            return
        }
        tickets.invalidate(due.ticket)
        guard exchange.phase == .waiting else {
            // Completed inside the hook that has not returned GW_WAIT: it never waited.
            if let callback = due.callback { callback.onGone?(callback.argument) }
            return
        }
        if let callback = due.callback {
            exchange.endWait()
            exchange.isInHook = true
            let verdict = callback.onResume(callback.argument, exchange.req)
            exchange.isInHook = false
            exchange.goOn(verdict)
        } else {
            exchange.resumed(due.verdict)
        }
    }
}
