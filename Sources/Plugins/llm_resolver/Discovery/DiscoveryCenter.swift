// The series of looks: when the next one is due, who waits for it, what it changed.
import PluginSDK
import Synchronization

/// Runs on the first worker; the looks themselves on the work pool, one at a time.
///
/// The host's timers, calls and blocking work belong to a scope, so one of the watches leads; when
/// it is released the next one takes over. The lock is held while the host is asked to start
/// something, so that a scope cannot end meanwhile; such host calls never call back.
final class DiscoveryCenter: @unchecked Sendable {
    private typealias Waiter = @Sendable (DiscoverySnapshot) -> Void

    private struct State {
        var watches: [DiscoveryWatch] = []
        /// Counts leaders; timers of an earlier one are void.
        var epoch: UInt64 = 0
        var timer: Timer?
        var isLooking = false
        /// Wait for the look that is under way, and for the one behind it.
        var waiting: [Waiter] = []
        var waitingForNext: [Waiter] = []
        var isNextDue = false
        var busyUntil: UInt64 = 0
        var containers = ContainerList()
    }

    private static let worker = Worker(index: 0)

    private let scanner = Scanner()
    private let state = Mutex(State())
    private let published = Mutex(DiscoverySnapshot.empty)
    private let publishedGeneration = Atomic<UInt64>(0)
    /// When the newest look began.
    private let lookedAt = Atomic<UInt64>(0)
    private let engines = EngineSet()

    var generation: UInt64 { publishedGeneration.load(ordering: .acquiring) }
    var snapshot: DiscoverySnapshot { published.withLock { $0 } }

    // MARK: Watches

    /// [config]
    func add(_ watch: DiscoveryWatch) -> DiscoveryWatch {
        let isFirst = state.withLock { state in
            state.watches.append(watch)
            return state.watches.count == 1
        }
        if isFirst { begin() }
        return watch
    }

    /// [config]
    func remove(_ watch: DiscoveryWatch) {
        watch.onChange(nil)
        let (wasLeader, waiting) = state.withLock { state in
            let wasLeader = state.watches.first === watch
            state.watches.removeAll { $0 === watch }
            guard wasLeader else { return (false, [Waiter]()) }
            state.epoch += 1
            guard state.watches.isEmpty else { return (true, []) }
            defer {
                state.waiting = []
                state.waitingForNext = []
            }
            return (true, state.waiting + state.waitingForNext)
        }
        // Nobody will look any more.
        for waiter in waiting { waiter(snapshot) }
        if wasLeader { begin() }
    }

    /// A host that has no workers yet does not look.
    private func begin() {
        try? Self.worker.post { self.lead() }
    }

    // MARK: Questions

    /// [any]
    func isFresh(within age: UInt64) -> Bool {
        let looked = lookedAt.load(ordering: .acquiring)
        return looked > 0 && Clock.monotonic &- looked < age
    }

    /// [any]
    func refresh(
        olderThan age: UInt64, _ done: @escaping @Sendable (DiscoverySnapshot) -> Void
    ) {
        if isFresh(within: age) { return done(snapshot) }
        let hasLeader = state.withLock { state in
            state.busyUntil = Clock.monotonic &+ DiscoveryLimits.busyFor
            guard !state.watches.isEmpty else { return false }
            // A look that has begun may have passed over what is asked for.
            if state.isLooking {
                state.waitingForNext.append(done)
                state.isNextDue = true
            } else {
                state.waiting.append(done)
            }
            return true
        }
        guard hasLeader else { return done(snapshot) }
        do throws(Status) {
            try Self.worker.post { self.look() }
        } catch {
            answer(snapshot)
        }
    }

    /// What engines tell; looks anew when it is another list. [loop]
    func take(_ containers: ContainerList) {
        let isChanged = state.withLock { state in
            guard state.containers != containers else { return false }
            state.containers = containers
            state.isNextDue = state.isLooking
            return true
        }
        if isChanged { look() }
    }

    // MARK: On the first worker

    private func lead() {
        let leader = state.withLock { state in
            state.timer = nil
            if state.watches.isEmpty { state.containers = ContainerList() }
            return state.watches.first
        }
        engines.run(for: leader) { [self] in take($0) }
        look()
    }

    /// Starts a look unless one is under way.
    private func look() {
        let isStarted = state.withLock { state in
            guard !state.isLooking, let leader = state.watches.first else { return true }
            state.timer?.stop()
            let containers = state.containers
            let begun = Clock.monotonic
            do throws(Status) {
                try leader.scope.submit { [scanner] in
                    scanner.scan(containers.records, now: begun)
                } done: { [self] services in
                    finish(services, containers, begun)
                }
                state.isLooking = true
                return true
            } catch {
                schedule(&state, after: DiscoveryLimits.periodIdle)
                return false
            }
        }
        if !isStarted { answer(snapshot) }
    }

    private func finish(
        _ services: [DiscoveredService], _ containers: ContainerList, _ begun: UInt64
    ) {
        let changed = publish(services, containers.engines)
        lookedAt.store(begun, ordering: .releasing)
        let (waiting, watches, isNextDue) = state.withLock { state in
            state.isLooking = false
            let waiting = state.waiting
            state.waiting = state.waitingForNext
            state.waitingForNext = []
            let isNextDue = state.isNextDue
            state.isNextDue = false
            if changed != nil { state.busyUntil = begun &+ DiscoveryLimits.busyFor }
            if !isNextDue { schedule(&state, after: period(state.busyUntil)) }
            return (waiting, state.watches, isNextDue)
        }
        let snapshot = snapshot
        for waiter in waiting { waiter(snapshot) }
        if let changed {
            for watch in watches { watch.tell(changed) }
        }
        if isNextDue { look() }
    }

    private func answer(_ snapshot: DiscoverySnapshot) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter(snapshot) }
    }

    private func period(_ busyUntil: UInt64) -> UInt64 {
        Clock.monotonic < busyUntil ? DiscoveryLimits.periodBusy : DiscoveryLimits.periodIdle
    }

    private func schedule(_ state: inout State, after delay: UInt64) {
        guard let leader = state.watches.first else { return }
        let epoch = state.epoch
        let timer = Timer(scope: leader.scope, worker: Self.worker) { [self] in
            if self.state.withLock({ $0.epoch == epoch }) { look() }
        }
        try? timer.start(afterNanoseconds: delay)
        state.timer = timer
    }

    /// - Returns: The new snapshot; nil when all is as it was.
    private func publish(
        _ services: [DiscoveredService], _ engines: [DiscoverySnapshot.EngineStatus]
    ) -> DiscoverySnapshot? {
        let old = snapshot
        guard old.generation == 0 || old.services != services || old.engines != engines else {
            return nil
        }
        let new = DiscoverySnapshot(
            generation: old.generation + 1, services: services, engines: engines)
        published.withLock { $0 = new }
        publishedGeneration.store(new.generation, ordering: .releasing)
        return new
    }
}
