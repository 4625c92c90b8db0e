// Waiting for calls and for time to pass, in async handlers.

/// A whole response to a call.
public struct ClientResponse: Sendable {
    public let status: UInt16
    public let fields: [(name: String, value: String)]
    public let body: [UInt8]
}

/// A call that ended before its response was whole.
public struct ClientError: Error, CustomStringConvertible {
    public let status: Status
    public let description: String
}

extension Scope {
    /// Makes a call and waits for the whole response. From an async handler; cancelled with it.
    public func send(_ call: ClientCall) async throws -> ClientResponse {
        let waiting = WaitingCall()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting.start(call, self, continuation)
            }
        } onCancel: {
            waiting.cancel()
        }
    }

    /// Waits. From an async handler; ends early when that is cancelled.
    public func sleep(nanoseconds: UInt64) async throws {
        let waiting = WaitingTimer()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting.start(nanoseconds, self, continuation)
            }
        } onCancel: {
            waiting.cancel()
        }
    }
}

/// A call that a task waits for; used on the worker of the task only.
private final class WaitingCall: ClientCallDelegate, @unchecked Sendable {
    private var continuation: CheckedContinuation<ClientResponse, any Error>?
    private var call: RunningCall?
    private var isCancelled = false
    private var status: UInt16 = 0
    private var fields: [(name: String, value: String)] = []
    private var body: [UInt8] = []

    func start(
        _ call: ClientCall, _ scope: Scope,
        _ continuation: CheckedContinuation<ClientResponse, any Error>
    ) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        do throws(Status) {
            self.call = try scope.start(call, delegate: self)
        } catch {
            finish(.failure(ClientError(status: error, description: "the call did not start")))
        }
    }

    func cancel() {
        isCancelled = true
        call?.cancel()
        finish(.failure(CancellationError()))
    }

    func onHead(_ response: inout Response) {
        status = response.status
        for index in 0..<response.fields.count {
            let name = response.fields.name(at: index).text
            fields.append((name, response.fields.value(at: index).text))
        }
    }

    func onBody(_ piece: Bytes) { body += piece.buffer }

    func onEnd(_ status: Status, _ message: Bytes) {
        call = nil
        guard status == .ok else {
            let error = ClientError(status: status, description: String(message))
            return finish(.failure(error))
        }
        finish(.success(ClientResponse(status: self.status, fields: fields, body: body)))
    }

    private func finish(_ result: Result<ClientResponse, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
        call = nil
    }
}

/// A timer that a task waits for; used on the worker of the task only.
private final class WaitingTimer: @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, any Error>?
    private var timer: Timer?
    private var isCancelled = false

    func start(
        _ nanoseconds: UInt64, _ scope: Scope, _ continuation: CheckedContinuation<Void, any Error>
    ) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        let timer = Timer(scope: scope, worker: .current) { self.finish(nil) }
        self.timer = timer
        do throws(Status) {
            try timer.start(afterNanoseconds: nanoseconds)
        } catch {
            finish(error)
        }
    }

    func cancel() {
        isCancelled = true
        finish(CancellationError())
    }

    private func finish(_ error: (any Error)?) {
        let waiting = continuation
        continuation = nil
        timer?.stop()
        timer = nil
        if let error { waiting?.resume(throwing: error) } else { waiting?.resume() }
    }
}
