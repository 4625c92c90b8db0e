// What a worker keeps for one proxy between requests: turns and random numbers.
import PluginSDK

/// The state of one worker. As large as a cache line, so that workers do not disturb each other.
struct WorkerState: BitwiseCopyable {
    var turn: UInt64 = 0
    private var seed: UInt64
    private var padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)

    init(seed: UInt64) { self.seed = seed | 1 }

    /// A number from 0 to below a bound (xorshift; good enough to spread load).
    mutating func random(below bound: UInt64) -> UInt64 {
        seed ^= seed << 13
        seed ^= seed >> 7
        seed ^= seed << 17
        return seed.multipliedFullWidth(by: bound).high
    }
}

/// The states of all workers. Each is used by its worker only.
struct WorkerStates: @unchecked Sendable {
    private let states: UnsafeMutablePointer<WorkerState>
    private let count: Int

    init() {
        count = max(1, Worker.count)
        states = .allocate(capacity: count)
        for index in 0..<count {
            (states + index).initialize(to: WorkerState(seed: .random(in: .min ... .max)))
        }
    }

    subscript(worker: Worker) -> UnsafeMutablePointer<WorkerState> {
        states + min(Int(worker.index), count - 1)
    }

    func deallocate() { states.deallocate() }
}
