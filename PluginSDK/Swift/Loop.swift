// Workers, tickets, timers and blocking work.
import CGateway

/// An event loop that owns exchanges and timers.
public struct Worker: Hashable, Sendable, BitwiseCopyable {
    public let index: UInt32

    public init(index: UInt32) { self.index = index }

    /// The worker that is calling, or the first one.
    public static let any = Worker(index: UInt32.max)

    /// The worker that is calling; `any` on other threads.
    public static var current: Worker {
        Host.loop.map { Worker(index: $0.pointee.worker_index()) } ?? .any
    }

    public static var count: Int { Int(Host.core.pointee.worker_count()) }

    /// Runs a function from the top of this worker's loop, in the order of the calls. [any]
    public func post(_ body: @escaping @Sendable () -> Void) throws(Status) {
        guard let loop = Host.loop else { throw .unsupported }
        let box = Unmanaged.passRetained(Box(body))
        let code = loop.pointee.post(
            index, { Unmanaged<Box<@Sendable () -> Void>>.take($0)() }, box.toOpaque())
        if code < 0 { box.release() }
        try Status.check(code)
    }
}

/// A value behind the untyped argument of a C callback.
final class Box<Value> {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension Unmanaged {
    /// The value of a retained box, which is released.
    static func take<Value>(_ argument: UnsafeMutableRawPointer?) -> Value
    where Instance == Box<Value> {
        fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue().value
    }
}

/// The right to go on with an exchange that waits. Stale once used, cancelled or timed out.
public struct Ticket: Sendable, BitwiseCopyable {
    let rawValue: gw_ticket

    /// Goes on with a verdict as if the hook had returned it, from the top of the loop. From other
    /// threads only next, leave and failures. [any]
    ///
    /// - Throws: `stale` when the exchange is gone or was resumed already.
    public func resume(_ verdict: Verdict) throws(Status) {
        guard let loop = Host.loop else { throw .unsupported }
        try Status.check(loop.pointee.resume(rawValue, verdict.code))
    }

    /// Calls `body` later on the loop with the exchange, if it is still there, so that an answer
    /// can be given; its verdict counts. [any]
    public func resume(
        _ body: @escaping @Sendable (inout Request) throws(Status) -> Verdict
    ) throws(Status) {
        typealias Body = @Sendable (inout Request) throws(Status) -> Verdict
        guard let loop = Host.loop else { throw .unsupported }
        let box = Unmanaged.passRetained(Box<Body>(body))
        let code = loop.pointee.resume_with(
            rawValue,
            { argument, request in
                let body = Unmanaged<Box<Body>>.take(argument)
                var request = Request(request)
                do throws(Status) { return try body(&request).code } catch { return error.code }
            },
            { Unmanaged<Box<Body>>.fromOpaque($0.unsafelyUnwrapped).release() },
            box.toOpaque())
        if code < 0 { box.release() }
        try Status.check(code)
    }
}

extension Request {
    /// Before answering `wait`: the right to go on.
    ///
    /// - Parameter deadlineNanoseconds: From now, after which the exchange fails with 504; 0 takes
    ///   the host's default.
    public mutating func wait(deadlineNanoseconds: UInt64 = 0) throws(Status) -> Ticket {
        guard let loop = Host.loop else { throw .unsupported }
        let ticket = loop.pointee.wait_begin(pointer, deadlineNanoseconds)
        guard ticket != 0 else { throw .limit }
        return Ticket(rawValue: ticket)
    }
}

/// A timer of one worker that calls a function once per start. Its owner keeps it while it runs;
/// the last reference goes on the same worker, or while the instance is cleaned up.
public final class Timer {
    private let scope: Scope
    private let worker: Worker
    private let body: () -> Void
    private var ticket: gw_ticket = 0

    public init(scope: Scope, worker: Worker = .any, _ body: @escaping () -> Void) {
        self.scope = scope
        self.worker = worker
        self.body = body
    }

    deinit { stop() }

    /// Starts it, or starts it anew. Precision is 1 ms. [loop] [config]
    public func start(afterNanoseconds delay: UInt64) throws(Status) {
        stop()
        guard let loop = Host.loop else { throw .unsupported }
        ticket = loop.pointee.timer_start(
            scope.pointer, worker.index, delay,
            { argument in
                let timer = Unmanaged<Timer>.fromOpaque(argument.unsafelyUnwrapped)
                timer.takeUnretainedValue().fire()
            },
            Unmanaged.passUnretained(self).toOpaque())
        guard ticket != 0 else { throw .limit }
    }

    public func stop() {
        guard ticket != 0, let loop = Host.loop else { return }
        _ = loop.pointee.timer_stop(ticket)
        ticket = 0
    }

    private func fire() {
        ticket = 0
        body()
    }
}

extension Scope {
    /// Runs `run` on a thread of the work pool, then `done` on the calling worker. Cleaning the
    /// instance up waits for both. [loop] [config]
    ///
    /// - Throws: `limit` when the queue is full; neither is called then.
    public func submit<Result>(
        _ run: @escaping @Sendable () -> Result, done: @escaping (Result) -> Void
    ) throws(Status) {
        guard let work = Host.work else { throw .unsupported }
        let box = Unmanaged.passRetained(
            Job(run: run, done: done) as AnyJob)
        let code = work.pointee.submit(
            pointer,
            { Unmanaged<AnyJob>.fromOpaque($0.unsafelyUnwrapped).takeUnretainedValue().run() },
            { Unmanaged<AnyJob>.fromOpaque($0.unsafelyUnwrapped).takeRetainedValue().finish() },
            box.toOpaque())
        if code < 0 { box.release() }
        try Status.check(code)
    }
}

/// Blocking work and what follows it; one thread at a time holds it.
private class AnyJob {
    func run() {}
    func finish() {}
}

private final class Job<Result>: AnyJob {
    private let body: () -> Result
    private let done: (Result) -> Void
    private var result: Result?

    init(run: @escaping () -> Result, done: @escaping (Result) -> Void) {
        body = run
        self.done = done
    }

    override func run() { result = body() }
    override func finish() { if let result { done(result) } }
}
