// The route table of each worker: read without a lock, replaced from the worker's own loop.
import PluginSDK
import Synchronization

/// Each worker reads its own slot only, and a new table reaches a slot as a job of its worker, so
/// that no reader ever sees one change.
final class WorkerTables: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<Unmanaged<RouteTable>?>
    private let count: Int
    /// What workers get that start later.
    private let newest: Mutex<RouteTable>

    init() {
        count = max(1, Worker.count)
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil, count: count)
        newest = Mutex(RouteTable([]))
    }

    deinit {
        for index in 0..<count { slots[index]?.release() }
        slots.deallocate()
    }

    /// The table of the calling worker, alive until the hook returns. [loop]
    func table(of worker: Worker) -> Unmanaged<RouteTable>? {
        slots[min(Int(worker.index), count - 1)]
    }

    var current: RouteTable { newest.withLock { $0 } }

    /// [loop] before the first hook.
    func start(_ worker: Worker) {
        set(newest.withLock { $0 }, on: worker)
    }

    /// Workers switch one by one, each from the top of its loop. [any]
    func publish(_ table: RouteTable) {
        newest.withLock { $0 = table }
        for index in 0..<count {
            let worker = Worker(index: UInt32(index))
            // A host without loops serves nothing yet, and `start` brings the newest table.
            try? worker.post { self.set(self.newest.withLock { $0 }, on: worker) }
        }
    }

    private func set(_ table: RouteTable, on worker: Worker) {
        let index = min(Int(worker.index), count - 1)
        let old = slots[index]
        slots[index] = Unmanaged.passRetained(table)
        old?.release()
    }
}
