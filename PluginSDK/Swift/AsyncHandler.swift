// Handlers written with async and await. They run on the loop of the worker that owns the exchange,
// so they need no locks and no threads; each costs a few allocations per request.
import CGateway

/// A handler that may take its time. The exchange waits until `handle` returns; it is cancelled
/// when the client leaves.
public protocol AsyncHTTPHandler: RequestHook, RequestBodyHook, CancelHook, CompletionHook
where State == AsyncState {
    /// Whether `handle` wants the whole request body.
    static var collectsBody: Bool { get }
    /// The limit for one call, in nanoseconds; 0 takes the host's default.
    static var deadlineNanoseconds: UInt64 { get }

    func handle(_ exchange: AsyncExchange) async throws -> Answer
}

/// What an async handler wants to happen.
public enum Answer: Sendable {
    /// Pass on to the next handler.
    case next
    case respond(status: UInt16, contentType: String, body: String)
    /// The error routes run.
    case fail(status: UInt16, message: String)
    /// Something that needs the request, such as an upstream call; runs on the loop.
    case perform(@Sendable (inout Request) throws(Status) -> Verdict)
}

/// The call of an exchange that is under way.
public struct AsyncState: BitwiseCopyable {
    fileprivate var exchange: Unmanaged<AsyncExchange>?
}

extension AsyncHTTPHandler {
    public static var collectsBody: Bool { false }
    public static var deadlineNanoseconds: UInt64 { 0 }

    public func onRequest(
        _ request: inout Request, _ state: inout AsyncState
    ) throws(Status) -> Verdict {
        Self.collectsBody ? .collect : try begin(&request, &state, body: [])
    }

    public func onRequestBody(
        _ request: inout Request, _ state: inout AsyncState, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict {
        guard Self.collectsBody, state.exchange == nil else { return .next }
        return try begin(&request, &state, body: Array(chunk.bytes.buffer))
    }

    public func onCancel(
        _ request: inout Request, _ state: inout AsyncState, _ reason: Status
    ) {
        state.exchange?.takeUnretainedValue().end()
    }

    public func onComplete(
        _ request: inout Request, _ state: inout AsyncState, _ summary: borrowing Summary
    ) {
        state.exchange?.takeUnretainedValue().end()
        state.exchange?.release()
        state.exchange = nil
    }

    private func begin(
        _ request: inout Request, _ state: inout AsyncState, body: [UInt8]
    ) throws(Status) -> Verdict {
        let ticket = try request.wait(deadlineNanoseconds: Self.deadlineNanoseconds)
        let exchange = AsyncExchange(request.reference, body: body, worker: request.worker)
        state.exchange = Unmanaged.passRetained(exchange)
        exchange.start(ticket) { exchange in try await self.handle(exchange) }
        return .wait
    }
}

/// The exchange of an async handler. Used on its worker only.
public final class AsyncExchange: @unchecked Sendable {
    /// The whole request body when the handler collects it.
    public let body: [UInt8]
    private let executor: LoopExecutor
    private var request: RequestReference?
    private var task: Task<Void, Never>?

    fileprivate init(_ request: RequestReference, body: [UInt8], worker: Worker) {
        self.request = request
        self.body = body
        executor = LoopExecutor(worker)
    }

    /// The worker that owns the exchange.
    public var worker: Worker { executor.worker }

    /// Reads or changes the request; nothing lent to `body` may leave it.
    ///
    /// - Throws: `CancellationError` when the client has left.
    public func withRequest<Result>(
        _ body: (inout Request) throws -> Result
    ) throws -> Result {
        guard let request else { throw CancellationError() }
        return try request.with { request in try body(&request) }
    }

    public func path() throws -> String { try withRequest { $0.path.text } }

    /// Value of the first field of that name.
    public func field(_ id: FieldID) throws -> String? {
        try withRequest { $0.fields[id]?.text }
    }

    fileprivate func start(
        _ ticket: Ticket, _ handle: @escaping @Sendable (AsyncExchange) async throws -> Answer
    ) {
        task = Task(executorPreference: executor) {
            let answer: Answer
            do {
                answer = try await handle(self)
            } catch let status as Status {
                answer = .perform { (_) throws(Status) in throw status }
            } catch is CancellationError {
                answer = .perform { (_) throws(Status) in throw .cancelled }
            } catch {
                answer = .fail(status: 500, message: "\(error)")
            }
            self.task = nil
            // A stale ticket: the client left, or the deadline passed. Nobody waits any more.
            try? ticket.resume { (request) throws(Status) in try answer.give(to: &request) }
        }
    }

    fileprivate func end() {
        request = nil
        task?.cancel()
        task = nil
    }
}

extension Answer {
    fileprivate func give(to request: inout Request) throws(Status) -> Verdict {
        switch self {
        case .next:
            return .next
        case .respond(let status, let contentType, let body):
            var response = try request.response(status: status)
            try contentType.withBytes { (type) throws(Status) in
                try response.fields.set(.contentType, type)
            }
            return try body.withBytes { (body) throws(Status) in try request.respond(body) }
        case .fail(let status, let message):
            return message.withBytes { request.fail(status: status, $0, code: .internal) }
        case .perform(let body):
            return try body(&request)
        }
    }
}

extension Worker {
    /// Runs async code on this worker's loop, beside any exchange: nobody cancels it but the caller.
    /// [any]
    @discardableResult
    public func run(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: LoopExecutor(self)) { await body() }
    }
}

/// Runs the jobs of tasks on the loop of one worker.
final class LoopExecutor: TaskExecutor {
    let worker: Worker

    init(_ worker: Worker) { self.worker = worker }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        do throws(Status) {
            try worker.post { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        } catch {
            // The loop takes nothing more: a lost job would leave its task hanging for ever.
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
