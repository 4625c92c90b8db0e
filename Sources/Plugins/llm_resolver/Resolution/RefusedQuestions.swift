// Questions without an answer: remembered for a while, longer each time.

/// What is known of names that lead nowhere. Bounded, since anybody can ask for any name.
struct RefusedQuestions {
    static let countMax = 1024
    private static let backOffMax: UInt64 = 300_000_000_000

    struct Refusal {
        var outcome: Resolution
        /// Of the candidates that were there; others may have the answer.
        var version: UInt64
        /// Monotonic nanoseconds. Until then nobody is asked again, a model not even about others.
        var until: UInt64
        var count: UInt64
    }

    private var refusals: [String: Refusal] = [:]

    /// The refusal that still holds for these candidates.
    func current(_ key: String, version: UInt64, now: UInt64) -> Resolution? {
        guard let refusal = refusals[key], refusal.version == version, now < refusal.until else {
            return nil
        }
        return refusal.outcome
    }

    /// Whether a model may be asked about a name.
    func mayAskModel(_ key: String, now: UInt64) -> Bool {
        refusals[key].map { now >= $0.until } ?? true
    }

    mutating func refuse(
        _ key: String, _ outcome: Resolution, version: UInt64, now: UInt64, ttl: UInt64,
        askedModel: Bool
    ) {
        let before = refusals[key]
        if refusals.count >= Self.countMax, before == nil { removeOldest() }
        let count = (before?.count ?? 0) + (askedModel ? 1 : 0)
        let pause = min(Self.backOffMax, ttl << min(5, max(count, 1) - 1))
        // A refusal by name alone does not shorten the pause for the model.
        let until = askedModel ? now + pause : max(now + ttl, before?.until ?? 0)
        refusals[key] = Refusal(outcome: outcome, version: version, until: until, count: count)
    }

    mutating func forget(_ key: String) { refusals[key] = nil }

    private mutating func removeOldest() {
        guard let oldest = refusals.min(by: { $0.value.until < $1.value.until }) else { return }
        refusals[oldest.key] = nil
    }
}

/// A bucket of tokens: so many at once, and so many per second.
struct TokenBucket {
    private let perSecond: UInt64
    private let nanosecondsMax: UInt64
    /// What is in it, in nanoseconds of refilling.
    private var filled: UInt64
    private var last: UInt64 = 0

    init(perSecond: UInt64, burst: UInt64) {
        self.perSecond = perSecond
        nanosecondsMax = burst * 1_000_000_000 / perSecond
        filled = nanosecondsMax
    }

    mutating func take(now: UInt64) -> Bool {
        let cost = 1_000_000_000 / perSecond
        filled = min(nanosecondsMax, filled + (last == 0 ? 0 : now - min(now, last)))
        last = now
        guard filled >= cost else { return false }
        filled -= cost
        return true
    }
}
