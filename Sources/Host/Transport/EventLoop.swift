// One thread's loop: descriptors, timers, and jobs from other threads.
private import CSystem
import Synchronization

/// A descriptor that a loop watches. Allocated and freed by the loop, so that an event that was
/// already fetched never meets freed memory.
package struct EventSource {
    package fileprivate(set) var fd: Int32
    package fileprivate(set) var interest: Readiness
    fileprivate var isLive: Bool
    fileprivate var nextDead: UnsafeMutablePointer<EventSource>?
    fileprivate let callback: EventLoop.Callback
    fileprivate let context: UnsafeMutableRawPointer
}

/// An event loop. Everything but `post` and `stop` belongs to the thread that calls `run`.
///
/// A turn is: wait, descriptors, timers, posted jobs, end-of-turn work. Callbacks are C function
/// pointers with an unretained context; whoever registers keeps the context alive until `unwatch`
/// or `cancel`.
package final class EventLoop: @unchecked Sendable {
    package typealias Callback =
        @convention(c) (UnsafeMutableRawPointer, Readiness.RawValue) -> Void
    package typealias Source = UnsafeMutablePointer<EventSource>

    /// Nanoseconds, monotonic, taken once per turn.
    package private(set) var now: UInt64
    /// Run before and after the events of each turn; set once by the owner before `run`.
    package var startOfTurn: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
    package var startOfTurnContext: UnsafeMutableRawPointer?
    package var endOfTurn: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
    package var endOfTurnContext: UnsafeMutableRawPointer?

    private let poller: Poller
    private var timers: TimerWheel
    private var dead: Source?
    private var isRunning = false
    private let wakeup: Wakeup
    private var wakeupSource: Source?
    /// Jobs of other threads; the flag says that the descriptor has been signalled for them.
    private let mailbox: Mutex<(jobs: [Job], isSignalled: Bool)>
    private var batch: [Job] = []

    /// Something to run on the loop's thread.
    package struct Job: @unchecked Sendable {
        package let run: @convention(c) (UnsafeMutableRawPointer?) -> Void
        package let argument: UnsafeMutableRawPointer?

        package init(
            argument: UnsafeMutableRawPointer?,
            run: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void
        ) {
            self.run = run
            self.argument = argument
        }
    }

    package init() throws(SystemError) {
        now = gwx_monotonic_ns()
        poller = try Poller()
        timers = TimerWheel(nowNanoseconds: now)
        wakeup = try Wakeup()
        mailbox = Mutex(([], false))
        let context = Unmanaged.passUnretained(self).toOpaque()
        wakeupSource = try watch(wakeup.descriptor, .readable, context) { context, _ in
            let loop = Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue()
            loop.drainMailbox()
        }
    }

    deinit {
        if let wakeupSource { unwatch(wakeupSource) }
        freeDead()
    }

    // MARK: Descriptors

    /// Starts to watch a descriptor. The caller keeps owning it, and calls `unwatch` before closing.
    package func watch(
        _ fd: Int32, _ interest: Readiness, _ context: UnsafeMutableRawPointer,
        _ callback: @escaping Callback
    ) throws(SystemError) -> Source {
        let source = Source.allocate(capacity: 1)
        source.initialize(
            to: EventSource(
                fd: fd, interest: interest, isLive: true, nextDead: nil, callback: callback,
                context: context))
        do {
            try poller.add(fd, interest, source)
        } catch {
            source.deallocate()
            throw error
        }
        return source
    }

    package func setInterest(_ source: Source, _ interest: Readiness) {
        guard source.pointee.interest != interest else { return }
        source.pointee.interest = interest
        poller.modify(source.pointee.fd, interest, source)
    }

    /// Ends the watch. Events of this turn that are still to come for it are dropped.
    package func unwatch(_ source: Source) {
        guard source.pointee.isLive else { return }
        source.pointee.isLive = false
        poller.remove(source.pointee.fd)
        source.pointee.nextDead = dead
        dead = source
    }

    // MARK: Timers

    /// Arms or moves a timer; it fires at or after `deadline` (monotonic nanoseconds).
    package func arm(_ timer: TimerWheel.Node, deadline: UInt64) {
        timers.arm(timer, deadlineNanoseconds: deadline)
    }

    package func cancel(_ timer: TimerWheel.Node) { timers.cancel(timer) }

    // MARK: Running

    /// Runs until `stop`. Called once, on the thread that is to own the loop.
    package func run() {
        isRunning = true
        while isRunning {
            // The clock is read again only where a long turn could delay a timer.
            turn(
                timers.count == 0
                    ? -1 : timers.millisecondsToNext(nowNanoseconds: gwx_monotonic_ns()))
        }
    }

    /// One turn; waits at most `timeoutMilliseconds` (-1: without bound).
    package func turn(_ timeoutMilliseconds: Int32) {
        let count = poller.wait(timeoutMilliseconds)
        now = gwx_monotonic_ns()
        if let startOfTurn, let startOfTurnContext { startOfTurn(startOfTurnContext) }
        for index in 0..<count {
            let (token, readiness) = poller.event(index)
            let source = token.assumingMemoryBound(to: EventSource.self)
            guard source.pointee.isLive else { continue }
            source.pointee.callback(source.pointee.context, readiness.rawValue)
        }
        while let timer = timers.takeDue(nowNanoseconds: now) {
            timer.pointee.fire(timer.pointee.context)
        }
        if let endOfTurn, let endOfTurnContext { endOfTurn(endOfTurnContext) }
        freeDead()
    }

    // MARK: From any thread

    /// Queues a job for the loop's thread; jobs run in the order of the calls. [any thread]
    package func post(_ job: Job) {
        let mustSignal = mailbox.withLock { box in
            box.jobs.append(job)
            defer { box.isSignalled = true }
            return !box.isSignalled
        }
        if mustSignal { wakeup.signal() }
    }

    /// Ends `run` after the current turn. [any thread]
    package func stop() {
        post(
            Job(argument: Unmanaged.passUnretained(self).toOpaque()) { context in
                guard let context else { return }
                Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue().isRunning = false
            })
    }

    private func drainMailbox() {
        wakeup.clear()
        mailbox.withLock { box in
            swap(&batch, &box.jobs)
            box.isSignalled = false
        }
        for job in batch { job.run(job.argument) }
        batch.removeAll(keepingCapacity: true)
    }

    private func freeDead() {
        while let source = dead {
            dead = source.pointee.nextDead
            source.deallocate()
        }
    }
}
