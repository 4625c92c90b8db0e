// What is kept for one proxy between requests: whose turn it is, and random numbers.
import PluginSDK
import Synchronization

/// The state of one worker. As large as a cache line, so that workers do not disturb each other.
struct WorkerState: BitwiseCopyable {
    private var seed: UInt64
    private let turns: UnsafeMutablePointer<Turns>
    private var padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)

    init(seed: UInt64, turns: UnsafeMutablePointer<Turns>) {
        self.seed = seed | 1
        self.turns = turns
    }

    /// A number that grows with every call, of whatever worker.
    func nextTurn() -> UInt64 { turns.pointee.next() }

    /// A number from 0 to below a bound (xorshift; good enough to spread load).
    mutating func random(below bound: UInt64) -> UInt64 {
        seed ^= seed << 13
        seed ^= seed >> 7
        seed ^= seed << 17
        return seed.multipliedFullWidth(by: bound).high
    }
}

/// Turns are counted over all workers, so that few requests are spread evenly, too.
struct Turns: ~Copyable {
    private let count = Atomic<UInt64>(0)

    func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// The states of all workers. Each is used by its worker only.
struct WorkerStates: @unchecked Sendable {
    private let states: UnsafeMutablePointer<WorkerState>
    private let count: Int
    private let turns: UnsafeMutablePointer<Turns>

    init() {
        turns = .allocate(capacity: 1)
        turns.initialize(to: Turns())
        count = max(1, Worker.count)
        states = .allocate(capacity: count)
        for index in 0..<count {
            (states + index).initialize(
                to: WorkerState(seed: .random(in: .min ... .max), turns: turns))
        }
    }

    subscript(worker: Worker) -> UnsafeMutablePointer<WorkerState> {
        states + min(Int(worker.index), count - 1)
    }

    func deallocate() {
        states.deallocate()
        turns.deinitialize(count: 1)
        turns.deallocate()
    }
}
