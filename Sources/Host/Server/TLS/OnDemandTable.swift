// Who gets a certificate at the first handshake: the bookkeeping, without sockets, threads or clock.
import Base
import Certificates
import Transport

/// Where a name's certificate comes from.
struct CertificateSource: Hashable, Sendable {
    var issuer: IssuerSettings
    var authority: AuthoritySettings
    /// The configuration names a wildcard that covers it, so nobody has to be asked.
    var isGranted = false
}

/// Why a client got `unrecognized_name`; the texts are for the log.
enum OnDemandRefusal: String, CaseIterable, Sendable {
    case invalidName = "not a host name"
    case noPolicy = "no policy issues certificates on demand for it"
    case notAllowed = "it is not on the list of allowed names"
    case denied = "the permission endpoint did not allow it"
    case unreachable = "the permission endpoint could not be asked"
    case tooManyNames = "as many names as allowed have certificates"
    case tooFast = "too many new names in a short time"
    case overloaded = "too many handshakes wait for certificates"
    case failed = "issuing failed"
}

/// Names that have certificates, names that wait for one, answers and limits. Times are nanoseconds
/// since 1970. Every operation takes constant time.
struct OnDemandTable<Waiter> {
    struct Entry {
        /// Nil while the certificate is on the disk only.
        var identity: TLSIdentity?
        var source: CertificateSource
        var renewalDue: UInt64
        var expires: UInt64
        var lastUsed: UInt64
    }

    /// What the owner of the table has to do for a handshake.
    enum Step {
        /// Show it; `renews` says that it has to be replaced meanwhile (`beginFlight` was done).
        case show(TLSIdentity, renews: Bool)
        /// Nobody is fetching it yet: do, then call `land`. The waiter is noted.
        case fetch
        case wait
        case refuse(OnDemandRefusal)
    }

    private struct Question: Hashable {
        let name: String
        let url: String
    }

    private struct Answer {
        let refusal: OnDemandRefusal?
        let until: UInt64
    }

    private var entries = RecentlyUsed<String, Entry>(entriesMax: Limits.certificateCacheEntriesMax)
    private var flights: [String: [Waiter]] = [:]
    private var answers = RecentlyUsed<Question, Answer>(entriesMax: Limits.onDemandAnswersMax)
    private var tokens = -1.0
    private var tokensAt: UInt64 = 0

    var count: Int { entries.count }

    /// A handshake asks for a name that is valid and has a source.
    mutating func request(
        _ name: String, _ source: CertificateSource, _ rules: OnDemandSettings, _ waiter: Waiter,
        now: UInt64
    ) -> Step {
        if let step = show(name, source, now: now) { return step }
        if let waiting = flights[name] {
            guard waiting.count < Limits.onDemandWaitersMax else { return .refuse(.overloaded) }
            flights[name]?.append(waiter)
            return .wait
        }
        if let refusal = refusal(name, source, rules, now: now) { return .refuse(refusal) }
        flights[name] = [waiter]
        return .fetch
    }

    private mutating func show(
        _ name: String, _ source: CertificateSource, now: UInt64
    ) -> Step? {
        guard var entry = entries.use(name), entry.source == source, let identity = entry.identity,
            entry.expires > now
        else { return nil }
        entry.lastUsed = now
        _ = entries.insert(entry, for: name)
        let renews =
            entry.renewalDue <= now && flights[name] == nil
            && flights.count < Limits.onDemandFlightsMax
        if renews { flights[name] = [] }
        return .show(identity, renews: renews)
    }

    /// What can be said against a name without asking anybody.
    private mutating func refusal(
        _ name: String, _ source: CertificateSource, _ rules: OnDemandSettings, now: UInt64
    ) -> OnDemandRefusal? {
        guard source.isGranted || rules.allows(name) else { return .notAllowed }
        guard flights.count < Limits.onDemandFlightsMax else { return .overloaded }
        if let refused = answer(for: name, rules, now: now)?.refusal { return refused }
        if entries.peek(name) != nil { return nil }
        refill(rules, now: now)
        if tokens < 1 { return .tooFast }
        return hasRoom(rules, now: now) ? nil : .tooManyNames
    }

    // MARK: Permission

    /// Whether the endpoint has to be asked, which it has not when it allowed the name just now.
    mutating func needsQuestion(
        _ name: String, _ source: CertificateSource, _ rules: OnDemandSettings, now: UInt64
    ) -> Bool {
        rules.askURL != nil && !source.isGranted && answer(for: name, rules, now: now) == nil
    }

    /// - Parameter refusal: Nil when the name is allowed.
    mutating func note(
        _ refusal: OnDemandRefusal?, for name: String, _ rules: OnDemandSettings, now: UInt64
    ) {
        guard let url = rules.askURL?.text else { return }
        let lifetime =
            refusal == .unreachable
            ? Limits.onDemandFailureLifetime : Limits.onDemandAnswerLifetime
        _ = answers.insert(
            Answer(refusal: refusal, until: now + lifetime),
            for: Question(name: name, url: url))
    }

    private mutating func answer(
        for name: String, _ rules: OnDemandSettings, now: UInt64
    ) -> Answer? {
        guard let url = rules.askURL?.text,
            let answer = answers.use(Question(name: name, url: url)), answer.until > now
        else { return nil }
        return answer
    }

    // MARK: Limits

    enum Admission {
        /// `evicted` had a certificate that nobody used; it is to be removed.
        case admitted(evicted: (name: String, source: CertificateSource)?)
        case refused(OnDemandRefusal)
    }

    /// Counts a name against the limits, unless it is known already.
    mutating func admit(
        _ name: String, _ source: CertificateSource, _ rules: OnDemandSettings, now: UInt64
    ) -> Admission {
        if entries.peek(name) != nil { return .admitted(evicted: nil) }
        refill(rules, now: now)
        guard tokens >= 1 else { return .refused(.tooFast) }
        guard hasRoom(rules, now: now) else { return .refused(.tooManyNames) }
        tokens -= 1
        var evicted: (String, CertificateSource)?
        if entries.count >= rules.namesMax, let oldest = entries.leastRecent {
            evicted = (oldest.key, oldest.value.source)
            entries.remove(oldest.key)
        }
        add(name, source, lastUsed: now)
        return .admitted(evicted: evicted)
    }

    /// A name whose certificate was found in the store.
    mutating func restore(_ name: String, _ source: CertificateSource) {
        if entries.peek(name) == nil { add(name, source, lastUsed: 0) }
    }

    private mutating func add(_ name: String, _ source: CertificateSource, lastUsed: UInt64) {
        let entry = Entry(
            identity: nil, source: source, renewalDue: 0, expires: 0, lastUsed: lastUsed)
        _ = entries.insert(entry, for: name)
    }

    private func hasRoom(_ rules: OnDemandSettings, now: UInt64) -> Bool {
        if entries.count < rules.namesMax { return true }
        guard let oldest = entries.leastRecent else { return false }
        return oldest.value.lastUsed + Limits.onDemandIdleTime <= now
    }

    /// A bucket that holds `rateCount` and is filled over `rateInterval`.
    private mutating func refill(_ rules: OnDemandSettings, now: UInt64) {
        let full = Double(rules.rateCount)
        let passed = now > tokensAt ? Double(now - tokensAt) : 0
        tokens = tokens < 0 ? full : tokens + passed / Double(rules.rateInterval) * full
        tokens = min(tokens, full)
        tokensAt = now
    }

    // MARK: End of a flight

    /// The name has its certificate, or a failure.
    ///
    /// - Parameter found: Nil after a failure; a certificate that is shown already stays then, and
    ///   is tried again a minute later.
    /// - Returns: Who waited.
    mutating func land(
        _ name: String, _ source: CertificateSource,
        _ found: (identity: TLSIdentity, renewalDue: UInt64, expires: UInt64)?, now: UInt64
    ) -> [Waiter] {
        let waiters = flights.removeValue(forKey: name) ?? []
        if let found {
            let entry = Entry(
                identity: found.identity, source: source, renewalDue: found.renewalDue,
                expires: found.expires, lastUsed: now)
            _ = entries.insert(entry, for: name)
        } else if var entry = entries.peek(name) {
            if entry.identity == nil {
                entries.remove(name)
            } else {
                entry.renewalDue = now + Limits.onDemandRetryTime
                _ = entries.insert(entry, for: name)
            }
        }
        return waiters
    }
}
