// From a question to its outcome: mapping, names, model.
import PluginSDK

extension Resolver {
    /// What the steps without a model found.
    private enum Step: Sendable {
        case outcome(Resolution, choice: Candidate?, by: String, reason: String)
        /// Names do not decide; a model may.
        case open([Candidate], Decision, version: UInt64)
    }

    /// Answers a question, of many callers at once only one time. The flight goes on when they leave.
    /// `delivery` is called once, at once or later, on any thread. [loop]
    func resolve(_ question: Question, _ delivery: @escaping ResolverCore.Delivery) {
        switch core.admit(question, version: source.snapshot.version, delivery) {
        case .joined: break
        case .answered(let outcome): delivery(outcome)
        case .first: begin(question)
        }
    }

    private func begin(_ question: Question) {
        let start = Clock.monotonic
        do throws(Status) {
            try scope.submit(
                { [self] in look(question) },
                done: { [self] step in conclude(question, step, start) })
        } catch {
            core.land(question.key, .busy)
        }
    }

    // MARK: On the work pool

    /// The mapping, then the names, among what is known now and then among what listens right now.
    private func look(_ question: Question) -> Step {
        var snapshot = source.snapshot
        var step = look(question, snapshot)
        if case .outcome(.found, _, _, _) = step { return step }
        let fresh = source.listNow()
        guard fresh.version != snapshot.version else { return step }
        snapshot = fresh
        step = look(question, snapshot)
        return step
    }

    private func look(_ question: Question, _ snapshot: Snapshot) -> Step {
        let offered = policy.offered(snapshot.candidates)
        let now = Int64(Clock.wall / 1_000_000_000)
        let known = core.store[question.key].flatMap { isExpired($0, at: now) ? nil : $0 }
        if let known, !question.isForced || known.isPinned {
            let placed = Placement.candidate(of: known, in: offered)
            if let placed, let entry = entry(question.key, placed) {
                return .outcome(.found(entry), choice: placed, by: "cache", reason: known.reason)
            }
            if known.isManual {
                return .outcome(
                    .starting(known), choice: nil, by: "cache", reason: "it does not listen now")
            }
        }
        let decision = decide(question, offered)
        if let id = decision.candidate, let choice = offered.first(where: { $0.id == id }),
            let entry = entry(question.key, choice)
        {
            return .outcome(
                .found(entry), choice: choice, by: decision.by, reason: decision.reason)
        }
        // What is known and comes back is waited for, not guessed at.
        if let known, !question.isForced {
            return .outcome(
                .starting(known), choice: nil, by: "cache", reason: "it does not listen now")
        }
        return .open(offered, decision, version: snapshot.version)
    }

    /// What the names say.
    func decide(_ question: Question, _ offered: [Candidate]) -> Decision {
        guard options.steps.contains(.name) else {
            return Decision(candidate: nil, by: "name", reason: "names are not asked")
        }
        return Decision(candidate: nil, by: "name", reason: "no candidate is a confident match")
    }

    // MARK: On the worker

    private func conclude(_ question: Question, _ step: Step, _ start: UInt64) {
        switch step {
        case .outcome(let outcome, let choice, let by, let reason):
            if let choice, by != "cache" {
                keep(question.key, choice, Decision(candidate: choice.id, by: by, reason: reason))
            }
            finish(question, outcome, choice, by, reason, start)
        case .open(let offered, let decision, let version):
            askModel(question, offered, decision, version, start)
        }
    }

    private func askModel(
        _ question: Question, _ offered: [Candidate], _ decision: Decision, _ version: UInt64,
        _ start: UInt64
    ) {
        guard let tieBreaker, !offered.isEmpty, core.mayAskModel(question) else {
            return refuse(question, decision, version, start, askedModel: false)
        }
        tieBreaker.choose(question, among: offered) { [self] answer in
            switch answer {
            case .decided(let chosen):
                guard let choice = offered.first(where: { $0.id == chosen.candidate }),
                    let entry = entry(question.key, choice)
                else { return refuse(question, decision, version, start, askedModel: true) }
                keep(question.key, choice, chosen)
                finish(question, .found(entry), choice, chosen.by, chosen.reason, start)
            case .none(let reason):
                let nobody = Decision(candidate: nil, by: "model", reason: reason)
                refuse(question, nobody, version, start, askedModel: true)
            case .failed(let reason):
                fail(question, reason, version, start)
            }
        }
    }

    private func keep(_ key: String, _ choice: Candidate, _ decision: Decision) {
        let now = Int64(Clock.wall / 1_000_000_000)
        var mapping = Placement.mapping(to: choice, decision: decision, at: now)
        if let known = core.store[key] {
            mapping.others = known.others
            mapping.isPinned = known.isPinned
        }
        core.store.set(key, to: mapping)
        core.forgetRefusal(of: key)
        core.changed()
        save()
    }

    private func refuse(
        _ question: Question, _ decision: Decision, _ version: UInt64, _ start: UInt64,
        askedModel: Bool
    ) {
        core.refuse(
            question.key, .unknown(decision), version: version,
            ttl: options.negativeTTLNanoseconds, askedModel: askedModel)
        finish(question, .unknown(decision), nil, decision.by, decision.reason, start)
    }

    private func fail(
        _ question: Question, _ reason: String, _ version: UInt64, _ start: UInt64
    ) {
        let outcome = Resolution.failed(reason: reason)
        core.refuse(
            question.key, outcome, version: version, ttl: options.negativeTTLNanoseconds,
            askedModel: true)
        log(.warn, "the model gave no answer", [("name", question.key), ("error", reason)])
        finish(question, outcome, nil, "model", "the model gave no answer", start)
    }

    private func finish(
        _ question: Question, _ outcome: Resolution, _ choice: Candidate?, _ by: String,
        _ reason: String, _ start: UInt64
    ) {
        core.journal.record(
            Journal.DecisionRecord(
                time: Int64(Clock.wall / 1_000_000_000), key: question.key, by: by, reason: reason,
                choice: choice?.summary, milliseconds: (Clock.monotonic - start) / 1_000_000))
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
