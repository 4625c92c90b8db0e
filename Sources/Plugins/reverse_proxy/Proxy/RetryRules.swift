// When a request that failed goes to an upstream again.
import PluginSDK

/// Read from "load_balancing". Without any rule a request goes to one more upstream, when no byte
/// of it was processed.
struct RetryRules: Sendable {
    /// Pause between attempts.
    let intervalNanoseconds: UInt64
    private let retriesMax: UInt32
    private let durationNanoseconds: UInt64

    /// The rules when nothing is configured.
    init() { (intervalNanoseconds, retriesMax, durationNanoseconds) = (0, 0, 0) }

    init(configuration: inout Configuration) throws(PluginError) {
        retriesMax = UInt32(clamping: max(0, try configuration.int("retries") ?? 0))
        durationNanoseconds = UInt64(max(0, try configuration.duration("try_duration") ?? 0))
        let interval = UInt64(max(0, try configuration.duration("try_interval") ?? 0))
        // Without a pause a duration would be a busy loop.
        let isBusy = durationNanoseconds > 0 && interval == 0
        intervalNanoseconds = isBusy ? 250_000_000 : interval
        if let match = configuration.value("retry_match"), !match.isEmpty {
            throw .unsupported("lb_retry_match")
        }
    }

    /// Whether the operator asked for retries.
    var isConfigured: Bool { retriesMax > 0 || durationNanoseconds > 0 }

    /// Whether a request that began at a time may be tried once more.
    ///
    /// - Parameters:
    ///   - retries: How often that was done already.
    ///   - start: Monotonic nanoseconds.
    func allowAnother(after retries: UInt32, since start: UInt64) -> Bool {
        guard isConfigured else { return retries < 1 }
        if retriesMax > 0, retries >= retriesMax { return false }
        return durationNanoseconds == 0 || Clock.monotonic &- start < durationNanoseconds
    }

    /// Whether it is worth waiting for an upstream to become available.
    var waitsForUpstreams: Bool { durationNanoseconds > 0 }
}

/// Calls a function once after a pause, and keeps itself until then.
final class RetryTimer {
    private var timer: Timer?

    static func start(
        scope: Scope, afterNanoseconds delay: UInt64, _ body: @escaping () -> Void
    ) throws(Status) {
        let owner = RetryTimer()
        let timer = Timer(scope: scope) {
            owner.timer = nil
            body()
        }
        owner.timer = timer
        do throws(Status) {
            try timer.start(afterNanoseconds: delay)
        } catch {
            owner.timer = nil
            throw error
        }
    }
}
