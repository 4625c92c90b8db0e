// Which of the candidates that answer to a reading is meant.

/// What came of a group of readings.
enum Outcome {
    /// No candidate bears that name; another reading may do better.
    case nothing
    case found(Coverage, why: String)
    /// The name is known and nothing fits; no other reading is tried.
    case none(String)
}

struct Selection {
    /// Candidates that answer equally well to a reading.
    private var coverages: [Coverage]

    init(_ coverages: [Coverage]) { self.coverages = coverages }

    func outcome() -> Outcome {
        guard !coverages.isEmpty else { return .nothing }
        let open = coverages.filter { Speech.objection(to: $0.facts) == nil }
        guard !open.isEmpty else {
            let reasons = coverages.compactMap { Speech.objection(to: $0.facts) }
            return .none("only what is no answer is called that: " + Self.list(reasons))
        }
        let current = Self.withoutStale(open)
        return Self.onePlace(Dictionary(grouping: current, by: \.root))
    }

    /// Of several places of that name the one that has an answer.
    private static func onePlace(_ places: [String: [Coverage]]) -> Outcome {
        var outcomes: [Outcome] = []
        var refusals: [String] = []
        for key in places.keys.sorted() {
            switch choose(places[key] ?? []) {
            case .nothing: refusals.append("only " + roles(places[key] ?? []))
            case let outcome: outcomes.append(outcome)
            }
        }
        guard outcomes.count <= 1 else {
            return .none("\(outcomes.count) places are called that and nothing separates them")
        }
        return outcomes.first
            ?? .none("the project runs, but what a person opens does not: " + list(refusals))
    }

    private static func roles(_ coverages: [Coverage]) -> String {
        Set(coverages.map(\.role.description)).sorted().joined(separator: ", ")
    }

    private static func list(_ reasons: [String]) -> String {
        Array(Set(reasons)).sorted().prefix(3).joined(separator: "; ")
    }

    /// Copies in archives give way to anything else.
    private static func withoutStale(_ coverages: [Coverage]) -> [Coverage] {
        let fresh = coverages.filter { coverage in
            let path = coverage.facts.candidate.workingDirectory ?? ""
            return !path.split(separator: "/").contains { PathWords.stale.contains(String($0)) }
        }
        return fresh.isEmpty ? coverages : fresh
    }

    /// Within one project: the part that is meant; nothing when no part is what a person opens.
    private static func choose(_ coverages: [Coverage]) -> Outcome {
        let assets = assetServers(coverages)
        let isProject = coverages.contains { coverage in
            coverage.leftovers.first.map { RoleWords.role(of: $0.name) != nil } ?? true
        }
        let ranked = coverages.enumerated().compactMap { index, coverage in
            rank(coverage, isAssets: assets.contains(index), isProject).map { (coverage, $0) }
        }
        guard let best = ranked.map(\.1).min() else { return .nothing }
        let top = ranked.filter { $0.1 == best }.map(\.0)
        guard let chosen = InstanceChoice.choose(top) else {
            return .none("\(top.count) candidates fit equally")
        }
        return .found(chosen, why: why(chosen, among: coverages.count))
    }

    private static func why(_ coverage: Coverage, among count: Int) -> String {
        let name = coverage.words.joined(separator: ", ")
        let source =
            switch coverage.evidence {
            case .directory: "directory"
            case .compose: "compose project and service"
            case .container: "container"
            case .program: "program"
            case .package: "package manifest"
            }
        let part =
            coverage.isNamedItself || count == 1 ? "" : ", \(coverage.role.description) of \(count)"
        return "\(source) \(name)\(part)"
    }

    /// How near a candidate is to what a person opens; less is nearer, nil is no answer.
    private static func rank(
        _ coverage: Coverage, isAssets: Bool, _ isProject: Bool
    ) -> Int? {
        let names = coverage.leftovers.filter { coverage.facts.isNameOfPart($0) }
        let isUnknown = !names.isEmpty
        if coverage.isNamedItself {
            return coverage.leftovers.count * 100
                + partRank(coverage.role, isAssets, isUnknown: isUnknown)
        }
        switch coverage.role {
        case .assets, .worker, .test, .tool, .docs, .admin, .realtime: return nil
        default: break
        }
        if coverage.isBelowAnotherName, !isProject { return nil }
        if isUnknown, !mayBeOpened(coverage, names, isProject) { return nil }
        let isPrivate =
            coverage.facts.candidate.kind == .container && coverage.facts.candidate.bind == nil
        if coverage.role == .proxy, isPrivate { return 15 }
        let isFileServer = coverage.facts.softwareName.map(fileServers.contains) ?? false
        return partRank(coverage.role, isAssets, isUnknown: isUnknown) + (isFileServer ? 3 : 0)
    }

    /// They show what lies about, which others make pages of.
    private static let fileServers: Set<String> = ["httpserver", "serve", "liveserver"]

    private static func partRank(_ role: Role, _ isAssets: Bool, isUnknown: Bool) -> Int {
        let base =
            if isAssets { 90 } else {
                switch role {
                case .proxy: 0
                case .web: 10
                case .rendered: 12
                case .app: 20
                case .api: 40
                case .realtime: 50
                case .admin: 60
                case .docs: 70
                case .tool: 75
                case .assets: 90
                case .worker, .test: 95
                }
            }
        return isUnknown ? base + 5 : base
    }

    /// A part with a name of its own stands for its project when it is certainly a part of it.
    private static func mayBeOpened(
        _ coverage: Coverage, _ names: [Step], _ isProject: Bool
    ) -> Bool {
        if names.contains(where: { isBranchLike($0.name) }) { return false }
        if coverage.evidence == .compose { return names.count == 1 }
        let hasHolder = coverage.facts.chains.contains { chain in
            chain.steps.contains { $0.kind == .partHolder }
        }
        return (hasHolder || isProject) && (coverage.role == .web || coverage.role == .rendered)
    }

    private static func isBranchLike(_ name: Name) -> Bool {
        guard let first = name.words.first else { return false }
        return PathWords.branchStarts.contains(first) && !name.words.isEmpty
    }

    /// Indices of front-end servers that run in the very directory of a server that renders pages.
    private static func assetServers(_ coverages: [Coverage]) -> Set<Int> {
        let rendered = coverages.filter {
            $0.facts.software?.kind == .rendering || $0.role == .rendered
        }
        .map { pageRoot($0.facts.candidate.workingDirectory) }
        var indices: Set<Int> = []
        for (index, coverage) in coverages.enumerated()
        where coverage.facts.software?.kind == .frontEnd
            && coverage.facts.candidate.kind == .process
        {
            if rendered.contains(pageRoot(coverage.facts.candidate.workingDirectory)) {
                indices.insert(index)
            }
        }
        return indices
    }

    /// The directory of an application, without the one that it serves or builds from.
    private static func pageRoot(_ directory: String?) -> String {
        var parts = (directory ?? "").split(separator: "/")
        while let last = parts.last, inner.contains(String(last)) { parts.removeLast() }
        return parts.joined(separator: "/")
    }

    private static let inner: Set<String> = [
        "public", "web", "webroot", "htdocs", "html", "assets", "static", "resources", "theme",
        "static_src", "src", "javascript",
    ]
}

extension CandidateFacts {
    /// Whether a step below the project is the name of a part that says nothing of its role. What
    /// is below the working directory is inside of the part, not one of several.
    func isNameOfPart(_ step: Step) -> Bool {
        guard RoleWords.role(of: step.name) == nil, step.name.joined != "app" else { return false }
        guard candidate.kind == .process, let directory = candidate.workingDirectory else {
            return true
        }
        return !(step.key.hasPrefix(directory) && step.key != directory)
    }
}
