// Timers and blocking work of plugins, which end with their scope.
import Base
import CGateway
import Loader
import Synchronization
import Transport

/// A plugin's timer: a node on a worker's wheel, named by a ticket.
final class PluginTimer: @unchecked Sendable {
    typealias Fire = @convention(c) (UnsafeMutableRawPointer?) -> Void

    let worker: Worker
    let fire: Fire
    let argument: UnsafeMutableRawPointer?
    let ticket: UInt64
    let scope: PluginScope
    /// Used on the worker only.
    private let node: TimerWheel.Node
    private let isOver = Atomic<Bool>(false)

    init(
        worker: Worker, ticket: UInt64, scope: PluginScope, fire: @escaping Fire,
        argument: UnsafeMutableRawPointer?
    ) {
        self.worker = worker
        self.ticket = ticket
        self.scope = scope
        self.fire = fire
        self.argument = argument
        node = .allocate(capacity: 1)
        node.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<PluginTimer>.fromOpaque(context).takeUnretainedValue().fired()
            })
    }

    deinit { node.deallocate() }

    /// [loop of the worker]
    func arm(deadline: UInt64) {
        guard !isOver.load(ordering: .acquiring) else { return }
        worker.loop.arm(node, deadline: deadline)
    }

    private func fired() {
        guard end() else { return }
        PluginTimers.forget(ticket)
        scope.run { fire(argument) }
    }

    /// True for whoever ends it first.
    func end() -> Bool { !isOver.exchange(true, ordering: .acquiringAndReleasing) }

    /// [loop of the worker]
    func disarm() { worker.loop.cancel(node) }
}

enum PluginTimers {
    private struct State {
        var timers: [UInt64: PluginTimer] = [:]
        /// Tickets by owner: an owner is told to end its timers once, however many it starts.
        var ticketsOf: [ObjectIdentifier: Set<UInt64>] = [:]
        var counter: UInt64 = 0
    }

    private static let state = Mutex(State())

    /// Starts a timer; 0 when there are too many.
    static func start(
        _ owner: PluginScope, _ worker: Worker, _ delay: UInt64, _ fire: @escaping PluginTimer.Fire,
        _ argument: UnsafeMutableRawPointer?
    ) -> UInt64 {
        let key = ObjectIdentifier(owner)
        if state.withLock({ $0.ticketsOf[key] }) == nil {
            guard owner.onRetire({ retire(key) }) else { return 0 }
        }
        let timer: PluginTimer? = state.withLock { state in
            guard state.timers.count < Limits.pluginTimersMax else { return nil }
            state.counter += 1
            let timer = PluginTimer(
                worker: worker, ticket: state.counter, scope: owner, fire: fire, argument: argument)
            state.timers[timer.ticket] = timer
            state.ticketsOf[key, default: []].insert(timer.ticket)
            return timer
        }
        guard let timer else { return 0 }
        let ticket = timer.ticket
        let deadline = WallClock.monotonicNanoseconds() &+ min(delay, UInt64.max / 4)
        onLoop(of: timer) { $0.arm(deadline: deadline) }
        return ticket
    }

    static func stop(_ ticket: UInt64) -> Bool {
        guard let timer = take(ticket), timer.end() else { return false }
        onLoop(of: timer) { $0.disarm() }
        return true
    }

    static func forget(_ ticket: UInt64) { _ = take(ticket) }

    private static func take(_ ticket: UInt64) -> PluginTimer? {
        state.withLock { state in
            guard let timer = state.timers.removeValue(forKey: ticket) else { return nil }
            state.ticketsOf[ObjectIdentifier(timer.scope)]?.remove(ticket)
            return timer
        }
    }

    /// The owner is about to be cleaned up.
    private static func retire(_ owner: ObjectIdentifier) {
        let tickets = state.withLock { $0.ticketsOf.removeValue(forKey: owner) } ?? []
        for ticket in tickets { _ = stop(ticket) }
    }

    /// Runs at once on the worker's own thread, else as a job of its loop.
    private static func onLoop(of timer: PluginTimer, _ body: @escaping (PluginTimer) -> Void) {
        if case .loop(let index) = ThreadRole.current, Int(index) == timer.worker.index {
            return body(timer)
        }
        timer.worker.run { body(timer) }
    }
}

/// Blocking work of plugins; the scope's cleanup waits for it.
enum PluginWork {
    typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Void

    static func submit(
        _ owner: PluginScope, _ run: @escaping Function, _ done: Function?,
        _ argument: UnsafeMutableRawPointer?
    ) -> Bool {
        guard let worker = Workers.worker(UInt32.max) else { return false }
        owner.hold()
        let work = Work(owner: owner, run: run, done: done, argument: argument)
        let pointer = Unmanaged.passRetained(work).toOpaque()
        let isQueued = worker.workPool.submit(
            WorkPool.Item(
                run: EventLoop.Job(argument: pointer) { Work.run($0) }, loop: worker.loop,
                done: EventLoop.Job(argument: pointer) { Work.finish($0) }))
        if !isQueued {
            Unmanaged<Work>.fromOpaque(pointer).release()
            owner.unhold()
        }
        return isQueued
    }

    private final class Work {
        let owner: PluginScope
        let function: Function
        let done: Function?
        let argument: UnsafeMutableRawPointer?

        init(
            owner: PluginScope, run: @escaping Function, done: Function?,
            argument: UnsafeMutableRawPointer?
        ) {
            self.owner = owner
            function = run
            self.done = done
            self.argument = argument
        }

        /// [work]
        static func run(_ pointer: UnsafeMutableRawPointer?) {
            guard let pointer else { return }
            let work = Unmanaged<Work>.fromOpaque(pointer).takeUnretainedValue()
            work.owner.run { work.function(work.argument) }
        }

        /// [loop]
        static func finish(_ pointer: UnsafeMutableRawPointer?) {
            guard let pointer else { return }
            let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
            work.owner.run { work.done?(work.argument) }
            work.owner.unhold()
        }
    }
}
