// From a question to its outcome: mapping, names, model.
import PluginSDK

extension Resolver {
    /// What the steps without a model found.
    private enum Step: Sendable {
        case found(DiscoveredService, Decision)
        case starting(Mapping)
        /// Names do not decide; a model may.
        case open([DiscoveredService], Decision)
    }

    /// Before a name is given up, what listens is looked at again unless that was just done.
    private static let freshNanoseconds: UInt64 = 100_000_000

    /// Answers a question, of many callers at once only one time. The flight goes on when they leave.
    /// `delivery` is called once, at once or later, on any thread. [loop]
    func resolve(_ question: Question, _ delivery: @escaping ResolverCore.Delivery) {
        switch core.admit(question, version: source.snapshot.generation, delivery) {
        case .joined: break
        case .answered(let outcome): delivery(outcome)
        case .first: begin(question)
        }
    }

    private func begin(_ question: Question) {
        let start = Clock.monotonic
        if question.isSuspect { return lookAgain(question, 0, start) }
        run(question, source.snapshot, start) { [self] step in
            if case .found(let service, _) = step, service.makeTarget().isCurrent(within: 0) {
                return conclude(question, step, source.snapshot.generation, start)
            }
            lookAgain(question, Self.freshNanoseconds, start)
        }
    }

    private func lookAgain(_ question: Question, _ age: UInt64, _ start: UInt64) {
        source.refresh(olderThan: age) { [self] snapshot in
            run(question, snapshot, start) { [self] step in
                conclude(question, step, snapshot.generation, start)
            }
        }
    }

    /// Runs the steps without a model on the work pool.
    private func run(
        _ question: Question, _ snapshot: DiscoverySnapshot, _ start: UInt64,
        _ done: @escaping (Step) -> Void
    ) {
        do throws(Status) {
            try scope.submit({ [self] in look(question, snapshot) }, done: done)
        } catch {
            core.land(question.key, .busy)
        }
    }

    // MARK: On the work pool

    /// The mapping, then the names.
    private func look(_ question: Question, _ snapshot: DiscoverySnapshot) -> Step {
        let now = Int64(Clock.wall / 1_000_000_000)
        let known = core.store[question.key].flatMap { isExpired($0, at: now) ? nil : $0 }
        if let known, !question.isForced || known.isPinned {
            if let service = service(question.key, known, snapshot) {
                return .found(
                    service,
                    Decision(candidate: service.candidate.id, by: "cache", reason: known.reason))
            }
            if known.isManual { return .starting(known) }
        }
        let offered = policy.offered(snapshot)
        let decision = decide(question, offered.map(\.candidate), snapshot)
        if let service = offered.first(where: { $0.candidate.id == decision.candidate }) {
            return .found(service, decision)
        }
        // What is known and comes back is waited for, not guessed at.
        if let known, !question.isForced { return .starting(known) }
        return .open(offered, decision)
    }

    /// What the names say.
    ///
    /// - Parameter snapshot: Tells what the host of a second-level question leads to.
    func decide(
        _ question: Question, _ offered: [Candidate], _ snapshot: DiscoverySnapshot
    ) -> Decision {
        guard options.steps.contains(.name) else {
            return Decision(candidate: nil, by: "name", reason: "names are not asked")
        }
        guard let service = question.service else {
            return NameMatcher.decide(host: question.host, candidates: offered)
        }
        let origin = core.store[question.host].flatMap {
            self.service(question.host, $0, snapshot)?.candidate
        }
        return NameMatcher.decide(
            service: service, origin: origin, originHost: question.host, candidates: offered)
    }

    // MARK: On a worker

    private func conclude(
        _ question: Question, _ step: Step, _ generation: UInt64, _ start: UInt64
    ) {
        switch step {
        case .found(let service, let decision):
            if decision.by != "cache" { keep(question.key, service, decision) }
            let entry = RouteEntry(key: question.key, service: service)
            finish(question, .found(entry), service.candidate, decision, start)
        case .starting(let mapping):
            let decision = Decision(
                candidate: nil, by: "cache", reason: "it is known and does not listen now")
            core.refuse(
                question.key, .starting(mapping), version: generation,
                ttl: Self.startingNanoseconds, askedModel: false)
            finish(question, .starting(mapping), nil, decision, start)
        case .open(let offered, let decision):
            askModel(question, offered, decision, generation, start)
        }
    }

    /// How long a service that does not listen is not looked for again, unless something changes.
    private static let startingNanoseconds: UInt64 = 500_000_000

    private func askModel(
        _ question: Question, _ offered: [DiscoveredService], _ decision: Decision,
        _ generation: UInt64, _ start: UInt64
    ) {
        guard let tieBreaker, !offered.isEmpty, core.mayAskModel(question) else {
            return refuse(question, decision, generation, start, askedModel: false)
        }
        tieBreaker.choose(question, among: offered.map(\.candidate)) { [self] answer in
            switch answer {
            case .decided(let chosen):
                guard
                    let service = offered.first(where: { $0.candidate.id == chosen.candidate }),
                    service.makeTarget().isCurrent(within: 0)
                else { return refuse(question, decision, generation, start, askedModel: true) }
                keep(question.key, service, chosen)
                let entry = RouteEntry(key: question.key, service: service)
                finish(question, .found(entry), service.candidate, chosen, start)
            case .none(let reason):
                let nobody = Decision(candidate: nil, by: "model", reason: reason)
                refuse(question, nobody, generation, start, askedModel: true)
            case .failed(let reason):
                fail(question, reason, generation, start)
            }
        }
    }

    private func keep(_ key: String, _ service: DiscoveredService, _ decision: Decision) {
        let now = Int64(Clock.wall / 1_000_000_000)
        var mapping = Placement.mapping(to: service.candidate, decision: decision, at: now)
        if let known = core.store[key] {
            mapping.others = known.others
            mapping.isPinned = known.isPinned
        }
        core.store.set(key, to: mapping)
        core.see(key, service.identity)
        core.forgetRefusal(of: key)
        core.changed()
        save()
    }

    private func refuse(
        _ question: Question, _ decision: Decision, _ generation: UInt64, _ start: UInt64,
        askedModel: Bool
    ) {
        core.refuse(
            question.key, .unknown(decision), version: generation,
            ttl: options.negativeTTLNanoseconds, askedModel: askedModel)
        finish(question, .unknown(decision), nil, decision, start)
    }

    private func fail(
        _ question: Question, _ reason: String, _ generation: UInt64, _ start: UInt64
    ) {
        let outcome = Resolution.failed(reason: reason)
        core.refuse(
            question.key, outcome, version: generation, ttl: options.negativeTTLNanoseconds,
            askedModel: true)
        log(.warn, "the model gave no answer", [("name", question.key), ("error", reason)])
        finish(
            question, outcome, nil,
            Decision(candidate: nil, by: "model", reason: "the model gave no answer"), start)
    }

    private func finish(
        _ question: Question, _ outcome: Resolution, _ choice: Candidate?, _ decision: Decision,
        _ start: UInt64
    ) {
        core.journal.record(
            Journal.DecisionRecord(
                time: Int64(Clock.wall / 1_000_000_000), key: question.key, by: decision.by,
                reason: decision.reason, choice: choice?.summary,
                milliseconds: (Clock.monotonic - start) / 1_000_000))
        core.noted()
        core.land(question.key, outcome)
    }
}

extension Candidate {
    /// In a few words, for people.
    var summary: String {
        switch kind {
        case .container: "container \(container?.name ?? "?"), port \(port)"
        case .process: "\(command ?? "process") in \(workingDirectory ?? "?"), port \(port)"
        }
    }
}
