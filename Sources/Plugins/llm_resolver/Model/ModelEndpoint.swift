// The model as tie-breaker: asks an endpoint which of the offered candidates a host means.
import PluginSDK
private import Synchronization

/// A call to the endpoint, in plain values.
struct ModelCall: Sendable {
    let target: String
    let fields: [(name: String, value: String)]
    let body: [UInt8]
}

/// A whole response to one.
struct ModelResponse: Sendable {
    let status: UInt16
    /// The field "retry-after" in seconds.
    var retryAfterSeconds: UInt64?
    let body: [UInt8]
}

/// An endpoint. [any]
final class ModelEndpoint: Sendable {
    /// Sends a call and waits for the whole response.
    typealias Send = @Sendable (ModelCall) async throws(ModelFailure) -> ModelResponse

    let settings: ModelSettings
    let url: ModelURL
    private let send: Send
    private let state: Mutex<ModelState>

    /// - Parameter send: How calls are made; tests have their own.
    init(_ settings: ModelSettings, send: @escaping Send) throws(PluginError) {
        self.settings = settings
        url = try ModelURL(settings.url)
        guard !settings.isLocalOnly || url.isLoopback else {
            throw PluginError(
                "the model at \(url.host) is not on this machine",
                hint: "local-only mode takes an endpoint on 127.0.0.1, [::1] or localhost")
        }
        self.send = send
        state = Mutex(
            ModelState(
                callsPerHourMax: settings.callsPerHourMax,
                negativeNanoseconds: settings.negativeNanoseconds))
    }

    /// Calls through a pool of the host, from async handlers. [config]
    convenience init(_ settings: ModelSettings, scope: Scope) throws(PluginError) {
        let url = try ModelURL(settings.url)
        var spec = PoolSpec(dial: url.dial)
        if url.isSecure { spec.options = [.tls] }
        let pool = try scope.pool(spec)
        let timeout = settings.timeoutNanoseconds
        try self.init(settings) { (call) async throws(ModelFailure) -> ModelResponse in
            var request = ClientCall(pool: pool, uri: call.target)
            request.method = "POST"
            request.host = url.authority
            request.fields = call.fields
            request.body = call.body
            request.timeoutNanoseconds = timeout
            request.bodyBytesMax = UInt64(ModelReply.bytesMax)
            do {
                return ModelResponse(try await scope.send(request))
            } catch let error as ClientError {
                throw error.status == .timeout ? .timeout : .unreachable
            } catch {
                throw .cancelled
            }
        }
    }

    /// Asks which candidate is meant.
    ///
    /// - Parameter clock: Nanoseconds that never go back.
    /// - Returns: A decision for one of the candidates, or why there is none.
    func ask(
        _ question: ModelQuestion, clock: @Sendable () -> UInt64
    ) async -> Result<Decision, ModelFailure> {
        guard !question.answers.isEmpty else { return .failure(.nothingToChoose) }
        do throws(ModelFailure) {
            return .success(try await answer(question, clock))
        } catch {
            if error.isAboutTheQuestion {
                state.withLock { $0.remember(error, for: question.memoryKey, now: clock()) }
            }
            return .failure(error)
        }
    }

    /// Exactly what would be sent, but for the key: the URL, the fields and the body.
    func preview(_ question: ModelQuestion) -> JSONValue {
        let format = state.withLock { $0.format } ?? .schema
        return [
            "url": .string(settings.url), "sends_key": .bool(!settings.key.isEmpty),
            "body": ModelRequest.body(question, model: settings.model, format: format),
        ]
    }

    func callsLeft(now: UInt64) -> Int { state.withLock { $0.callsLeft(now: now) } }

    private func answer(
        _ question: ModelQuestion, _ clock: () -> UInt64
    ) async throws(ModelFailure) -> Decision {
        var format = try state.withLock { $0.begin(question.memoryKey, now: clock()) }.get()
        while true {
            let response = try await call(question, format, clock)
            if response.status == 200 {
                state.withLock { $0.worked(format) }
                return try decision(response, question)
            }
            format = try state.withLock { state -> Result<ReplyFormat, ModelFailure> in
                let now = clock()
                return state.refused(
                    response.status, in: format, retryAfterSeconds: response.retryAfterSeconds,
                    now: now
                ).flatMap { state.again($0, now: now) }
            }.get()
        }
    }

    private func call(
        _ question: ModelQuestion, _ format: ReplyFormat, _ clock: () -> UInt64
    ) async throws(ModelFailure) -> ModelResponse {
        let body = ModelRequest.body(question, model: settings.model, format: format).serialized
        var fields = [(name: "content-type", value: "application/json")]
        if !settings.key.isEmpty { fields.append(("authorization", "Bearer " + settings.key)) }
        do throws(ModelFailure) {
            return try await send(
                ModelCall(target: url.target, fields: fields, body: Array(body.utf8)))
        } catch {
            if error != .cancelled { state.withLock { $0.broke(now: clock()) } }
            throw error
        }
    }

    private func decision(
        _ response: ModelResponse, _ question: ModelQuestion
    ) throws(ModelFailure) -> Decision {
        guard let candidate = try ModelReply.answer(response.body, to: question) else {
            throw .noMatch
        }
        return Decision(
            candidate: candidate, by: "model", reason: "chosen by the model \(settings.model)")
    }
}

extension ModelURL {
    /// For the field "host": without the port that the scheme has anyway.
    fileprivate var authority: String {
        port == (isSecure ? 443 : 80) ? host : dial
    }
}

extension ModelFailure {
    /// Whether asking the same again would bring the same.
    fileprivate var isAboutTheQuestion: Bool {
        switch self {
        case .noMatch, .noCompletion, .unclear, .foreign, .refused: true
        case .budget, .resting, .remembered, .nothingToChoose, .unreachable, .timeout, .cancelled,
            .unauthorized, .rateLimited, .serverError:
            false
        }
    }
}

extension ModelResponse {
    private static let retrySecondsMax: UInt64 = 86_400

    fileprivate init(_ response: ClientResponse) {
        status = response.status
        retryAfterSeconds = response.fields.first { $0.name.lowercased() == "retry-after" }
            .flatMap { UInt64($0.value) }.map { min($0, Self.retrySecondsMax) }
        body = response.body
    }
}
