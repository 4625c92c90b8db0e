// Calls from one service to another: the service of that name in the caller's own project.

extension NameMatcher {
    /// Decides which candidate is the service of the same project as the origin.
    ///
    /// - Parameters:
    ///   - origin: What the host of the caller leads to, when that is known.
    ///   - originHost: The host that the caller was reached by.
    static func decide(
        service: String, origin: Candidate?, originHost: String, candidates: [Candidate]
    ) -> Decision {
        let wanted = Name(service)
        guard !wanted.isEmpty else {
            return Decision(candidate: nil, by: "name", reason: "the service has no name")
        }
        if let origin {
            let outcome = siblings(wanted, CandidateFacts(origin), candidates)
            if case .found(let coverage, let why) = outcome {
                return Decision(candidate: coverage.facts.candidate.id, by: "name", reason: why)
            }
            if case .none(let why) = outcome {
                return Decision(candidate: nil, by: "name", reason: why)
            }
        }
        for host in siblingHosts(service, originHost) {
            let decision = decide(host: host, candidates: candidates)
            if decision.candidate != nil { return decision }
        }
        let reason = "the project of \(originHost) has no service \(service)"
        return Decision(candidate: nil, by: "name", reason: reason)
    }

    /// The candidates of the origin's own project that answer to a name.
    private static func siblings(
        _ service: Name, _ origin: CandidateFacts, _ candidates: [Candidate]
    ) -> Outcome {
        let facts = candidates.map { CandidateFacts($0) }.filter {
            $0.candidate.id != origin.candidate.id
        }
        for project in origin.projects {
            let mates = facts.filter { $0.lives(in: project) }
            let reading = Reading(project: project.name, qualifiers: [service])
            let outcome = outcome(of: reading, mates)
            if case .nothing = outcome { continue }
            return outcome
        }
        return .nothing
    }

    /// "api" beside "web.shop.localhost" is "api.shop.localhost"; beside "shop.localhost" as well.
    private static func siblingHosts(_ service: String, _ originHost: String) -> [String] {
        guard let name = HostName(originHost) else { return [] }
        let labels = name.text.split(separator: ".")
        var hosts: [String] = []
        if name.labels.count > 1 {
            hosts.append(([Substring(service)] + labels.dropFirst()).joined(separator: "."))
        }
        hosts.append(([Substring(service)] + labels).joined(separator: "."))
        return hosts
    }
}

extension CandidateFacts {
    /// The projects that it may be a part of, the nearest first.
    fileprivate var projects: [Step] {
        var projects: [Step] = []
        for chain in chains where chain.evidence == .compose || chain.evidence == .directory {
            for step in chain.steps.reversed() where step.kind == .plain {
                if !projects.contains(where: { $0.key == step.key && $0.name == step.name }) {
                    projects.append(step)
                }
            }
        }
        return projects
    }

    fileprivate func lives(in project: Step) -> Bool {
        chains.contains { chain in
            chain.steps.contains { $0.key == project.key && $0.name == project.name }
        }
    }
}
