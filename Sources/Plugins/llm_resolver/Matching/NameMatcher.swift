// Which candidate a host means. Pure: the same question always gets the same answer, whatever the
// order of the candidates and the look of their ids.

enum NameMatcher {
    /// Decides by names alone; explained either way.
    static func decide(host: String, candidates: [Candidate]) -> Decision {
        guard let name = HostName(host) else {
            return Decision(candidate: nil, by: "name", reason: "\"\(host)\" names no service")
        }
        let groups = Reading.groups(of: name.labels)
        let sieve = Sieve(name, groups.flatMap { $0 })
        let facts = candidates.filter(sieve.admits).map { CandidateFacts($0) }
        return decide(name, groups, facts)
    }

    private static func decide(
        _ host: HostName, _ groups: [[Reading]], _ facts: [CandidateFacts]
    ) -> Decision {
        let named = byName(host, groups, facts)
        guard let routed = RoutingLabels.choose(for: host.text, among: facts) else {
            return named.decision
        }
        guard let chosen = routed else {
            return Decision(
                candidate: nil, by: "name", reason: "several containers have a route for this host")
        }
        if let other = named.coverage, other.level == .project, other.likeness == .exact,
            !chosen.sharesPlace(with: other.facts)
        {
            return Decision(
                candidate: nil, by: "name",
                reason: "a container claims this host, another program bears its name")
        }
        return Decision(
            candidate: chosen.candidate.id, by: "name", reason: "a label routes this host to it")
    }

    private static func byName(
        _ host: HostName, _ groups: [[Reading]], _ facts: [CandidateFacts]
    ) -> (decision: Decision, coverage: Coverage?) {
        func none(_ why: String) -> (Decision, Coverage?) {
            (Decision(candidate: nil, by: "name", reason: why), nil)
        }
        for group in groups {
            switch outcome(of: group, facts) {
            case .nothing: continue
            case .found(let coverage, let why):
                let id = coverage.facts.candidate.id
                return (Decision(candidate: id, by: "name", reason: why), coverage)
            case .none(let why): return none(why)
            }
        }
        if let port = Reading.portAlone(in: host.labels) { return (decide(port: port, facts), nil) }
        return none("nothing here is called \(host.text)")
    }

    /// The best of a group of readings that mean different things.
    private static func outcome(of group: [Reading], _ facts: [CandidateFacts]) -> Outcome {
        var found: (Coverage, String)?
        var refusal: String?
        for reading in group {
            switch outcome(of: reading, facts) {
            case .nothing: continue
            case .none(let why): refusal = refusal ?? why
            case .found(let coverage, let why):
                if let other = found?.0, other.facts.candidate.id != coverage.facts.candidate.id {
                    return .none("the name can be read in two ways")
                }
                found = (coverage, why)
            }
        }
        if let found { return .found(found.0, why: found.1) }
        return refusal.map { .none($0) } ?? .nothing
    }

    static func outcome(of reading: Reading, _ facts: [CandidateFacts]) -> Outcome {
        let nearest = facts.compactMap { $0.projectLikeness(of: reading) }.max()
        var coverages = facts.compactMap { $0.coverage(of: reading) }
        if let nearest { coverages.removeAll { $0.likeness < nearest } }
        guard let grade = coverages.map(\.grade).max() else { return .nothing }
        coverages.removeAll { $0.grade < grade }
        if let level = coverages.map(\.level).max() { coverages.removeAll { $0.level < level } }
        return Selection(coverages).outcome()
    }

    private static func decide(port: UInt16, _ facts: [CandidateFacts]) -> Decision {
        let open = facts.filter { facts in
            Speech.objection(to: facts) == nil
                && (facts.candidate.kind == .process
                    ? facts.candidate.port == port : facts.publishedPort == port)
        }
        let programs = Set(
            open.map { $0.candidate.container?.name ?? $0.candidate.arguments ?? "" })
        guard programs.count == 1,
            let first = open.min(by: { ($0.candidate.bind ?? "") < ($1.candidate.bind ?? "") })
        else {
            let what = open.isEmpty ? "nothing that speaks HTTP" : "more than one program"
            return Decision(candidate: nil, by: "name", reason: "\(what) is on port \(port)")
        }
        return Decision(candidate: first.candidate.id, by: "name", reason: "it is on port \(port)")
    }
}
