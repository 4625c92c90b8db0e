// When a model may be asked, and in which form: pure, time comes in.

/// What is known of one endpoint. Nanoseconds of one clock throughout.
struct ModelState: Sendable {
    private let callsPerHourMax: Int
    private let negative: UInt64
    /// The form that the endpoint takes; nil until one worked.
    private(set) var format: ReplyFormat?
    private var calls: [UInt64] = []
    private var failures = 0
    private var restsUntil: UInt64 = 0
    private var memory: [String: (failure: ModelFailure, until: UInt64)] = [:]

    static let hour: UInt64 = 3_600_000_000_000
    static let memoryMax = 512
    static let restMin: UInt64 = 5_000_000_000
    static let restMax: UInt64 = 900_000_000_000

    init(callsPerHourMax: Int, negativeNanoseconds: UInt64) {
        self.callsPerHourMax = callsPerHourMax
        negative = negativeNanoseconds
    }

    /// Asks for leave to send one call; counts it.
    mutating func begin(_ key: String, now: UInt64) -> Result<ReplyFormat, ModelFailure> {
        if let known = memory[key], known.until > now {
            return .failure(known.failure == .noMatch ? .noMatch : .remembered)
        }
        return spend(now).map { format ?? .schema }
    }

    /// One more call for the same question, in another form.
    mutating func again(_ format: ReplyFormat, now: UInt64) -> Result<ReplyFormat, ModelFailure> {
        spend(now).map { format }
    }

    private mutating func spend(_ now: UInt64) -> Result<Void, ModelFailure> {
        if restsUntil > now {
            return .failure(.resting(seconds: (restsUntil - now) / 1_000_000_000 + 1))
        }
        let horizon = now > Self.hour ? now - Self.hour : 0
        calls.removeAll { $0 < horizon }
        guard calls.count < callsPerHourMax else { return .failure(.budget) }
        calls.append(now)
        return .success(())
    }

    /// Calls that are left in this hour.
    func callsLeft(now: UInt64) -> Int {
        let horizon = now > Self.hour ? now - Self.hour : 0
        return max(0, callsPerHourMax - calls.count { $0 >= horizon })
    }

    /// A reply of 200 came in this form.
    mutating func worked(_ format: ReplyFormat) {
        self.format = format
        failures = 0
    }

    /// A status other than 200.
    ///
    /// - Parameter retryAfterSeconds: What the endpoint asked for.
    /// - Returns: The form to try at once, or why there is no answer.
    mutating func refused(
        _ status: UInt16, in format: ReplyFormat, retryAfterSeconds: UInt64?, now: UInt64
    ) -> Result<ReplyFormat, ModelFailure> {
        switch status {
        case 400, 415, 422, 501:
            if let weaker = format.weaker { return .success(weaker) }
            self.format = nil
            return .failure(.refused(status))
        case 401, 403:
            rest(Self.restMax / 3, now)
            return .failure(.unauthorized)
        case 429:
            rest(retryAfterSeconds.map { $0 * 1_000_000_000 }, now)
            return .failure(.rateLimited)
        case 500...599:
            rest(retryAfterSeconds.map { $0 * 1_000_000_000 }, now)
            return .failure(.serverError(status))
        default: return .failure(.refused(status))
        }
    }

    /// No reply at all.
    mutating func broke(now: UInt64) { rest(nil, now) }

    /// Remembers that a question has no answer.
    mutating func remember(_ failure: ModelFailure, for key: String, now: UInt64) {
        if memory.count >= Self.memoryMax { memory = memory.filter { $0.value.until > now } }
        if memory.count >= Self.memoryMax,
            let first = memory.min(by: { $0.value.until < $1.value.until })
        {
            memory[first.key] = nil
        }
        memory[key] = (failure, now + negative)
    }

    /// Doubles with every failure in a row.
    private mutating func rest(_ asked: UInt64?, _ now: UInt64) {
        let doubled = Self.restMin << UInt64(min(failures, 10))
        failures += 1
        restsUntil = now + min(max(asked ?? doubled, Self.restMin), Self.restMax)
    }
}
