// The candidates that a host could mean at all, for people and for a model to choose from.

/// A plausible candidate.
struct ShortlistEntry: Hashable, Sendable {
    let candidate: Candidate
    /// The likelier the more; only good to compare entries of one list.
    let score: Int
    /// What speaks for it, for a person.
    let evidence: String
}

extension NameMatcher {
    /// Candidates that share whole words with a host, or its port, the likeliest first; none that
    /// speaks no HTTP.
    static func shortlist(
        host: String, candidates: [Candidate], countMax: Int = 12
    ) -> [ShortlistEntry] {
        guard let name = HostName(host) else { return [] }
        let readings = Reading.groups(of: name.labels).flatMap { $0 }
        let words = Set(name.labels.flatMap(\.words))
        let entries = candidates.compactMap { candidate -> ShortlistEntry? in
            let facts = CandidateFacts(candidate)
            guard Speech.objection(to: facts) == nil else { return nil }
            return entry(facts, readings, words)
        }
        let sorted = entries.sorted { one, other in
            (other.score, one.order) < (one.score, other.order)
        }
        return Array(sorted.prefix(countMax))
    }

    private static func entry(
        _ facts: CandidateFacts, _ readings: [Reading], _ words: Set<String>
    ) -> ShortlistEntry? {
        var score = 0
        var evidence: [String] = []
        for (index, reading) in readings.enumerated() {
            guard let coverage = facts.coverage(of: reading) else { continue }
            score = 100 - index + 20 * coverage.grade.rawValue + 10 * coverage.level.rawValue
            evidence.append("all of the name: " + coverage.words.joined(separator: ", "))
            break
        }
        let shared = words.intersection(facts.words).sorted()
        if !shared.isEmpty {
            score += 10 * shared.count
            evidence.append("words: " + shared.joined(separator: ", "))
        }
        if let port = words.compactMap({ UInt16($0) }).first(where: facts.answers) {
            score += 15
            evidence.append("port \(port)")
        }
        guard score > 0 else { return nil }
        return ShortlistEntry(
            candidate: facts.candidate, score: score, evidence: evidence.joined(separator: "; "))
    }
}

extension ShortlistEntry {
    /// An order that neither ids nor the order of the candidates decide.
    fileprivate var order: String {
        let container = candidate.container?.name ?? ""
        return [
            candidate.workingDirectory ?? "", container, candidate.arguments ?? "",
            String(candidate.port), candidate.bind ?? "",
        ].joined(separator: "\u{0}")
    }
}

extension CandidateFacts {
    /// All words that count as its names.
    fileprivate var words: Set<String> {
        var words: Set<String> = []
        for chain in chains {
            for step in chain.steps where step.kind == .plain || step.kind == .group {
                words.formUnion(step.name.words)
            }
        }
        for name in ownNames + frameworkNames { words.formUnion(name.words) }
        return words.filter { !ProgramWords.generic.contains($0) }
    }
}
