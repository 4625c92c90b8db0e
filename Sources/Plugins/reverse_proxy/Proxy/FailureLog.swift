// What requests tell about an upstream: when it failed lately. Shared by all workers.
import PluginSDK
import Synchronization

/// The times of the last failures of one upstream. Lock-free; lives in memory of its own, so that
/// tables of upstreams hold plain pointers. [any]
struct FailureLog: ~Copyable {
    /// The largest number of failures that can be asked for.
    static let countMax = 64

    private let count = Atomic<UInt64>(0)
    private let times = InlineArray<64, Atomic<UInt64>> { _ in Atomic(0) }

    /// - Parameter now: Monotonic nanoseconds.
    func record(at now: UInt64) {
        let index = count.wrappingAdd(1, ordering: .relaxed).oldValue
        times[Int(index % UInt64(Self.countMax))].store(now, ordering: .relaxed)
    }

    /// Whether the last `failures` all happened within a time up to now, in nanoseconds.
    func hasFailed(_ failures: UInt64, within span: UInt64, of now: UInt64) -> Bool {
        let count = count.load(ordering: .relaxed)
        guard count >= failures else { return false }
        let oldest = Int((count - failures) % UInt64(Self.countMax))
        return times[oldest].load(ordering: .relaxed) &+ span > now
    }
}

/// The logs of all upstreams of the process by what is dialled: every proxy that names an upstream
/// shares its log, and a reload keeps it. [config]
enum FailureLogs {
    typealias Log = UnsafeMutablePointer<FailureLog>

    private struct Entry: @unchecked Sendable {
        let log: Log
        var owners: Int
    }

    private static let entries = Mutex<[String: Entry]>([:])

    static func acquire(_ dial: String) -> Log {
        let entry = entries.withLock { entries in
            if entries[dial] == nil {
                let log = Log.allocate(capacity: 1)
                log.initialize(to: FailureLog())
                entries[dial] = Entry(log: log, owners: 0)
            }
            entries[dial]?.owners += 1
            return entries[dial]
        }
        guard let entry else { preconditionFailure("the log of \(dial) was just made") }
        return entry.log
    }

    static func release(_ dial: String) {
        let unused: Entry? = entries.withLock { entries in
            entries[dial]?.owners -= 1
            return entries[dial]?.owners == 0 ? entries.removeValue(forKey: dial) : nil
        }
        unused?.log.deinitialize(count: 1)
        unused?.log.deallocate()
    }
}
