// One thing that runs several times or listens on several ports: which candidate stands for it.

enum InstanceChoice {
    /// The one to take when all are the same thing; nil when they are not.
    static func choose(_ coverages: [Coverage]) -> Coverage? {
        guard coverages.count > 1 else { return coverages.first }
        let containers = coverages.filter { $0.facts.candidate.kind == .container }
        if containers.count == coverages.count { return chooseContainer(coverages) }
        if containers.isEmpty { return chooseProcess(coverages) }
        return nil
    }

    /// Replicas of one service: a published one before others, then the first by number; of one
    /// container the port that serves pages.
    private static func chooseContainer(_ coverages: [Coverage]) -> Coverage? {
        let services = Set(
            coverages.map { coverage in
                let container = coverage.facts.candidate.container
                return [
                    container?.composeProject ?? container?.name ?? "",
                    container?.composeService ?? "",
                ]
            })
        guard services.count == 1 else { return nil }
        let published = coverages.filter { $0.facts.publishedPort != nil }
        let open = published.isEmpty ? coverages : published
        let first = open.min { order($0.facts.candidate) < order($1.facts.candidate) }
        let name = first?.facts.candidate.container?.name
        return choosePort(open.filter { $0.facts.candidate.container?.name == name })
    }

    private static func order(_ candidate: Candidate) -> (Int, String) {
        let number = candidate.container?.labels["com.docker.compose.container-number"]
        return (number.flatMap(Int.init) ?? 0, candidate.container?.name ?? "")
    }

    /// Processes of one place: the same program on several ports, and child processes.
    private static func chooseProcess(_ coverages: [Coverage]) -> Coverage? {
        let directories = Set(coverages.map { $0.facts.candidate.workingDirectory ?? "" })
        guard directories.count == 1 else { return nil }
        let lasting = coverages.filter { coverage in
            let port = coverage.facts.candidate.port
            return !Ports.isEphemeral(port) || coverage.facts.invocation.use(of: port) != nil
        }
        let open = lasting.isEmpty ? coverages : lasting
        if let page = pagesPort(open) { return page }
        let lines = Set(open.map { $0.facts.candidate.arguments ?? "" })
        let ports = Set(open.map(\.facts.candidate.port))
        if ports.count == 1 { return open.min { bindOrder($0) < bindOrder($1) } }
        guard lines.count == 1 else { return nil }
        return choosePort(open)
    }

    private static func bindOrder(_ coverage: Coverage) -> (Int, String, String) {
        let candidate = coverage.facts.candidate
        let bind = candidate.bind ?? ""
        let rank = ["0.0.0.0", "*", "::", "127.0.0.1", "::1"].firstIndex(of: bind) ?? 5
        return (rank, candidate.arguments ?? "", bind)
    }

    /// The port that the software serves pages on: its own when it is asked for by its name.
    private static func pagesPort(_ coverages: [Coverage]) -> Coverage? {
        let first = coverages[0]
        guard let software = first.facts.software, let name = first.facts.softwareName,
            coverages.allSatisfy({ $0.facts.softwareName == name })
        else { return nil }
        let isAsked = first.isNamedItself && first.words.contains { Name($0).joined == name }
        let own = isAsked ? Software.ownPages[name].map { [$0] } ?? [] : []
        for page in own + software.pages {
            let found = coverages.filter { $0.facts.candidate.port == page }
            if !found.isEmpty { return found.min { bindOrder($0) < bindOrder($1) } }
        }
        return nil
    }

    /// Of one program's ports the one that it says, that its software serves pages on, or that is
    /// usual among those of a container.
    private static func choosePort(_ coverages: [Coverage]) -> Coverage? {
        let ports = Set(coverages.map(\.facts.candidate.port))
        if ports.count == 1 { return coverages.min { bindOrder($0) < bindOrder($1) } }
        func only(_ matches: (CandidateFacts) -> Bool) -> Coverage? {
            let found = coverages.filter { matches($0.facts) }
            return Set(found.map(\.facts.candidate.port)).count == 1
                ? found.min { bindOrder($0) < bindOrder($1) } : nil
        }
        if let page = pagesPort(coverages) { return page }
        if let name = coverages[0].facts.softwareName, let own = Software.ownPages[name],
            let served = only({ $0.candidate.port != own })
        {
            return served
        }
        if let main = only({ $0.invocation.use(of: $0.candidate.port) == .main }) { return main }
        if let plain = only({ $0.invocation.use(of: $0.candidate.port) != .admin }) {
            return plain
        }
        if let plain = ports.sorted().first, ports.count == 2, let other = ports.max(),
            isSecure(other, besides: plain), let found = only({ $0.candidate.port == plain })
        {
            return found
        }
        guard coverages[0].facts.candidate.kind == .container else { return nil }
        for port in Ports.usual {
            if let found = only({ $0.candidate.port == port }) { return found }
        }
        return nil
    }

    /// Whether a port is where the same pages are served with TLS: 443 beside 80, 8443 beside 8080,
    /// and the pairs that the templates of .NET choose.
    private static func isSecure(_ secure: UInt16, besides plain: UInt16) -> Bool {
        switch (plain, secure) {
        case (80, 443), (8080, 8443), (8000, 8443), (3000, 3443), (5000, 5001): true
        case (5000...5999, 7000...7999): secure - plain == 2000 || secure - plain > 1900
        default: false
        }
    }
}
