// Certificates at the first handshake: asks, issues off the loops, and tells who waits.
import Base
import Certificates
import Logging
import Synchronization
import Transport

/// What one configuration says about names that only handshakes know. Immutable.
final class OnDemandPolicy: Sendable {
    let rules: OnDemandSettings
    let logger: Logger
    /// Asked for permission; nil when the rules name no endpoint.
    let pool: UpstreamPool?
    private let automation: AutomationPlan
    private let authorities: [String: AuthoritySettings]
    /// Wildcards like `*.localhost`, which most clients do not accept in a certificate: names
    /// under them get certificates of their own.
    private let wildcards: Set<String>

    init(
        _ automation: AutomationPlan, authorities: [String: AuthoritySettings],
        wildcards: Set<String>, pool: UpstreamPool?, logger: Logger
    ) {
        self.automation = automation
        self.authorities = authorities
        self.wildcards = wildcards
        self.pool = pool
        self.logger = logger
        rules = automation.onDemand
    }

    deinit {
        if let pool, Workers.pools.release(pool) { Workers.drop(pool) }
    }

    /// Nil when no policy issues on demand for the name.
    func source(for name: String) -> CertificateSource? {
        let policy = automation.policy(for: name)
        let isGranted =
            name.firstIndex(of: ".").map { wildcards.contains("*\(name[$0...])") } ?? false
        guard policy.isOnDemand || isGranted else { return nil }
        let id = policy.issuer.authority
        guard let authority = authorities[id] ?? (try? AuthoritySettings(identifier: id)) else {
            return nil
        }
        return CertificateSource(
            issuer: policy.issuer, authority: authority, isGranted: isGranted)
    }
}

/// The certificates that handshakes asked for, for all workers and across reloads.
final class OnDemandCertificates: Sendable {
    /// A connection whose handshake rests. Called on its worker.
    struct Waiter: @unchecked Sendable {
        let worker: Worker
        let proceed: (TLSIdentity?) -> Void
    }

    private let service: CertificateService
    private let table = Mutex(OnDemandTable<Waiter>())
    private let notices = Mutex<[OnDemandRefusal: (next: UInt64, suppressed: Int)]>([:])
    private let threads = WorkPool(threadsMax: Limits.onDemandThreadsMax)
    /// Authorities whose shelf was looked at.
    private let restored = Mutex<Set<String>>([])

    init(service: CertificateService) { self.service = service }

    enum Outcome {
        case found(TLSIdentity)
        case refused
        /// The waiter will hear.
        case pending
    }

    /// The certificate for a lower-case name from a client hello. [loop of `waiter.worker`]
    func find(_ name: String, _ policy: OnDemandPolicy, _ waiter: Waiter) -> Outcome {
        guard CertificateName.isExact(name) else { return refuse(name, .invalidName, policy) }
        guard let source = policy.source(for: name) else { return refuse(name, .noPolicy, policy) }
        let now = waiter.worker.now
        switch table.withLock({ $0.request(name, source, policy.rules, waiter, now: now) }) {
        case .show(let identity, let renews):
            if renews { begin(Flight(name: name, source: source, policy: policy), waiter.worker) }
            return .found(identity)
        case .fetch:
            begin(Flight(name: name, source: source, policy: policy), waiter.worker)
            return .pending
        case .wait: return .pending
        case .refuse(let refusal): return refuse(name, refusal, policy)
        }
    }

    private func refuse(
        _ name: String, _ refusal: OnDemandRefusal, _ policy: OnDemandPolicy
    ) -> Outcome {
        report(name, refusal, policy)
        return .refused
    }

    // MARK: Flights

    /// One name on its way to a certificate.
    private struct Flight: Sendable {
        let name: String
        let source: CertificateSource
        let policy: OnDemandPolicy
    }

    /// Asks for permission where that is needed, then issues.
    private func begin(_ flight: Flight, _ worker: Worker) {
        let (name, rules) = (flight.name, flight.policy.rules)
        let asks = table.withLock {
            $0.needsQuestion(name, flight.source, rules, now: worker.now)
        }
        guard asks, let pool = flight.policy.pool, let url = rules.askURL else {
            return issue(flight, worker)
        }
        let call = PermissionCall(worker: worker, pool: pool, url: url, name: name) { answer in
            let (refusal, detail) = answer.refusal
            self.table.withLock { $0.note(refusal, for: name, rules, now: worker.now) }
            guard let refusal else { return self.issue(flight, worker) }
            self.end(flight, refusal, detail)
        }
        // Not inside the handshake's own callback.
        worker.run { call.start() }
    }

    private func issue(_ flight: Flight, _ worker: Worker) {
        let job = BlockingJob { [self] in fetch(flight) }
        if !threads.submit(job.item) { end(flight, .overloaded) }
    }

    /// [work thread]
    private func fetch(_ flight: Flight) {
        var isOver = false
        do {
            let now = UInt64(WallClock.nanoseconds())
            let seconds = Int64(now / Limits.second)
            let manager = try service.manager()
            let issuer = try service.issuer(
                flight.source.issuer, flight.source.authority, now: seconds)
            try restore(issuer, manager, flight.source, now: seconds)
            if let refusal = try admit(flight, manager, now: now) { return end(flight, refusal) }
            var warnings: [String] = []
            // The handshake does not wait for the disk.
            let certificate = try manager.certificate(
                CertificateRequest(name: flight.name, issuer: issuer), shelf: .onDemand,
                now: seconds, warnings: &warnings,
                whenIssued: { isOver = land(flight, $0) })
            if !isOver, !land(flight, certificate) { end(flight, .failed) }
            for warning in warnings + service.takeWarnings() { flight.policy.logger.warn(warning) }
            for hint in service.takeHints() { flight.policy.logger.info(hint) }
        } catch {
            if isOver {
                return flight.policy.logger.warn("certificate could not be kept: \(error)")
            }
            end(flight, .failed, "\(error)")
        }
    }

    /// Counts the name; who has to go for it loses the stored certificate, too.
    private func admit(
        _ flight: Flight, _ manager: CertificateManager, now: UInt64
    ) throws(CertificateError) -> OnDemandRefusal? {
        let admission = table.withLock {
            $0.admit(flight.name, flight.source, flight.policy.rules, now: now)
        }
        switch admission {
        case .refused(let refusal): return refusal
        case .admitted(nil): return nil
        case .admitted(let evicted?):
            let issuer = try service.issuer(
                evicted.source.issuer, evicted.source.authority, now: Int64(now / Limits.second))
            try manager.removeOnDemand(CertificateRequest(name: evicted.name, issuer: issuer))
            return nil
        }
    }

    /// Counts what earlier processes left on the shelf, once.
    private func restore(
        _ issuer: InternalIssuer, _ manager: CertificateManager, _ source: CertificateSource,
        now: Int64
    ) throws(CertificateError) {
        guard restored.withLock({ $0.insert(issuer.identifier).inserted }) else { return }
        let names = try manager.namesOnDemand(issuer, now: now)
        table.withLock { table in
            for name in names { table.restore(name, source) }
        }
    }

    /// - Returns: False when the certificate cannot be shown.
    private func land(_ flight: Flight, _ certificate: LoadedCertificate) -> Bool {
        guard let identity = try? TLSIdentity(certificate.forTLS) else { return false }
        func nanoseconds(_ seconds: Int64) -> UInt64 { UInt64(max(0, seconds)) * Limits.second }
        let found = (
            identity, nanoseconds(certificate.renewalDue), nanoseconds(certificate.notAfter)
        )
        let waiters = table.withLock {
            $0.land(flight.name, flight.source, found, now: UInt64(WallClock.nanoseconds()))
        }
        tell(waiters, identity)
        flight.policy.logger.info("certificate for a server name") {
            $0.field("server_name", flight.name)
        }
        return true
    }

    private func end(_ flight: Flight, _ refusal: OnDemandRefusal, _ detail: String = "") {
        let waiters = table.withLock {
            $0.land(flight.name, flight.source, nil, now: UInt64(WallClock.nanoseconds()))
        }
        report(flight.name, refusal, flight.policy, detail)
        tell(waiters, nil)
    }

    /// The waiters go to their workers and are released there.
    private func tell(_ waiters: [Waiter], _ identity: TLSIdentity?) {
        for waiter in waiters { waiter.worker.run { waiter.proceed(identity) } }
    }

    // MARK: Log

    /// One line per second and reason: whoever floods us with names must not fill the disk.
    private func report(
        _ name: String, _ refusal: OnDemandRefusal, _ policy: OnDemandPolicy, _ detail: String = ""
    ) {
        let now = UInt64(WallClock.nanoseconds())
        let suppressed: Int? = notices.withLock { notices in
            let known = notices[refusal] ?? (next: 0, suppressed: 0)
            guard now >= known.next else {
                notices[refusal] = (known.next, known.suppressed + 1)
                return nil
            }
            notices[refusal] = (now + Limits.second, 0)
            return known.suppressed
        }
        guard let suppressed else { return }
        policy.logger.warn("no certificate for a server name") { record in
            record.field("server_name", name)
            record.field("reason", refusal.rawValue)
            if !detail.isEmpty { record.field("error", detail) }
            if suppressed > 0 { record.field("more_refused", suppressed) }
        }
    }
}

extension PermissionCall.Answer {
    fileprivate var refusal: (OnDemandRefusal?, String) {
        switch self {
        case .allowed: (nil, "")
        case .denied: (.denied, "")
        case .unreachable(let why): (.unreachable, why)
        }
    }
}

/// A closure for a work thread.
private final class BlockingJob: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    var item: WorkPool.Item {
        let argument = Unmanaged.passRetained(self).toOpaque()
        let run = EventLoop.Job(argument: argument) { argument in
            guard let argument else { return }
            Unmanaged<BlockingJob>.fromOpaque(argument).takeRetainedValue().body()
        }
        return WorkPool.Item(run: run, loop: nil, done: nil)
    }
}

extension LoadedCertificate {
    var forTLS: TLSCertificate {
        TLSCertificate(names: names, chainPEM: chainPEM, keyPEM: keyPEM)
    }
}
