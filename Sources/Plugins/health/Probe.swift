// One probe: who watches it, what it found last, and its way through calls and pauses.
import PluginSDK
import Synchronization

/// The state that proxies read on every request. Lock-free; lives as long as a watch does. [any]
struct HealthFlag: ~Copyable {
    private let flag = Atomic<Bool>(true)

    var isHealthy: Bool { flag.load(ordering: .relaxed) }
    func set(_ isHealthy: Bool) { flag.store(isHealthy, ordering: .relaxed) }
}

/// What belongs to a watching instance and ends with it.
struct WatchHandles: Sendable {
    let scope: Scope
    let pool: Pool
    /// What requests dial.
    let traffic: Pool?
    let pattern: Regex?
}

/// What the service hands out: one upstream as one instance sees it.
struct Watch: @unchecked Sendable {
    let health: UnsafeMutablePointer<HealthFlag>
    let probe: Probe
    let handles: WatchHandles
}

/// Probes one upstream for everybody who watches it, with the handles of the first watch. When
/// that one ends, the next takes over and the probe begins anew.
///
/// Calls and timers run on the first worker. The lock is held while the host is asked to start
/// one, so that a scope cannot end meanwhile; such host calls never call back.
final class Probe: @unchecked Sendable {
    typealias WatchPointer = UnsafeMutablePointer<Watch>

    /// What a page shows.
    struct Report: Sendable {
        let upstream: String
        let isHealthy: Bool
        let activeRequests: UInt32
        /// Nanoseconds since 1970; 0 before the first result.
        let lastCheck: UInt64
        /// Empty after a good result.
        let lastError: String
        /// The watching instances, by number.
        let groups: [UInt]
    }

    private struct State: @unchecked Sendable {
        var watches: [WatchPointer] = []
        var judge: HealthJudge
        var lastCheck: UInt64 = 0
        var lastError = ""
        /// Counts leaders; what an earlier one began is void.
        var epoch: UInt64 = 0
        var timer: Timer?
    }

    private static let worker = Worker(index: 0)

    let specification: ProbeSpecification
    private let flag: UnsafeMutablePointer<HealthFlag>
    private let state: Mutex<State>

    init(_ specification: ProbeSpecification) {
        self.specification = specification
        flag = .allocate(capacity: 1)
        flag.initialize(to: HealthFlag())
        state = Mutex(
            State(judge: HealthJudge(passes: specification.passes, fails: specification.fails)))
    }

    deinit {
        flag.deinitialize(count: 1)
        flag.deallocate()
    }

    /// [config]
    func add(_ handles: WatchHandles) -> WatchPointer {
        let watch = WatchPointer.allocate(capacity: 1)
        watch.initialize(to: Watch(health: flag, probe: self, handles: handles))
        let isFirst = state.withLock { state in
            state.watches.append(watch)
            return state.watches.count == 1
        }
        if isFirst { begin() }
        return watch
    }

    /// - Returns: Whether nobody watches any more. [config]
    func remove(_ watch: WatchPointer) -> Bool {
        let (wasLeader, isLast) = state.withLock { state in
            let wasLeader = state.watches.first == watch
            state.watches.removeAll { $0 == watch }
            if wasLeader { state.epoch += 1 }
            return (wasLeader, state.watches.isEmpty)
        }
        watch.deinitialize(count: 1)
        watch.deallocate()
        if wasLeader { begin() }
        return isLast
    }

    var report: Report {
        state.withLock { state in
            Report(
                upstream: specification.upstream, isHealthy: state.judge.isHealthy,
                activeRequests: state.watches.first?.pointee.handles.traffic?.info.active ?? 0,
                lastCheck: state.lastCheck, lastError: state.lastError,
                groups: state.watches.map {
                    UInt(bitPattern: $0.pointee.handles.scope.pointer)
                })
        }
    }

    /// Probes at once on the first worker. A host that has none yet runs no probes.
    private func begin() {
        try? Self.worker.post { self.run() }
    }

    // MARK: On the first worker

    private func run() {
        let failure: Status? = state.withLock { state in
            state.timer = nil
            guard let leader = state.watches.first?.pointee.handles else { return nil }
            do throws(Status) {
                let delegate = ProbeCall(self, epoch: state.epoch, pattern: leader.pattern)
                try leader.scope.start(call(through: leader.pool), delegate: delegate)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            conclude("the probe cannot be sent (status \(failure.code))", epoch: nil)
        }
    }

    private func call(through pool: Pool) -> ClientCall {
        var call = ClientCall(pool: pool, uri: specification.uri)
        call.method = specification.method
        call.host = specification.host
        call.fields = specification.fields.map { ($0.name, $0.value) }
        call.body = Array(specification.body.utf8)
        call.timeoutNanoseconds = specification.timeoutNanoseconds
        call.bodyBytesMax = UInt64(specification.bodyBytesMax)
        return call
    }

    /// Takes a result, tells about a change and starts the pause before the next probe.
    ///
    /// - Parameters:
    ///   - problem: nil for a good one.
    ///   - epoch: Of the call; results of an earlier leader's calls are void. nil: of the present.
    fileprivate func conclude(_ problem: String?, epoch: UInt64?) {
        state.withLock { state in
            guard epoch == nil || epoch == state.epoch, let leader = state.watches.first else {
                return
            }
            state.lastCheck = Clock.wall
            state.lastError = problem ?? ""
            let scope = leader.pointee.handles.scope
            if state.judge.take(problem == nil) {
                flag.pointee.set(state.judge.isHealthy)
                log(problem, scope)
            }
            let timer = Timer(scope: scope, worker: Self.worker) { self.run() }
            try? timer.start(afterNanoseconds: specification.intervalNanoseconds)
            state.timer = timer
        }
    }

    private func log(_ problem: String?, _ scope: Scope) {
        let upstream = LogField.text("upstream", specification.upstream)
        if let problem {
            scope.log(.warn, "the upstream is unhealthy", upstream, .text("error", problem))
        } else {
            scope.log(.info, "the upstream is healthy again", upstream)
        }
    }
}

/// One call of a probe, judged when it is over.
private final class ProbeCall: ClientCallDelegate {
    private let probe: Probe
    private let epoch: UInt64
    private let pattern: Regex?
    private var status: UInt16 = 0
    private var body: [UInt8] = []

    init(_ probe: Probe, epoch: UInt64, pattern: Regex?) {
        self.probe = probe
        self.epoch = epoch
        self.pattern = pattern
    }

    func onHead(_ response: inout Response) { status = response.status }

    func onBody(_ piece: Bytes) {
        guard pattern != nil else { return }
        let room = probe.specification.bodyBytesMax - body.count
        body.append(contentsOf: piece.buffer.prefix(max(0, room)))
    }

    func onEnd(_ result: Status, _ message: Bytes) {
        probe.conclude(problem(result, message), epoch: epoch)
    }

    /// What is wrong with the answer; nil when it is as expected.
    private func problem(_ result: Status, _ message: Bytes) -> String? {
        // A body above the limit is judged by what was read of it.
        guard result == .ok || result == .limit && status > 0 else {
            return message.isEmpty ? "the probe failed (status \(result.code))" : String(message)
        }
        guard probe.specification.accepts(status: status) else {
            return "it answers \(status), expected \(probe.specification.expectedStatus)"
        }
        guard let pattern else { return nil }
        let matches = body.withUnsafeBytes { pattern.matches(Bytes($0)) }
        return matches ? nil : "the body of its answer is not as expected"
    }
}
