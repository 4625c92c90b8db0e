// Finding how a candidate answers to a reading: where it bears the name of the project.

extension CandidateFacts {
    /// The best way in which this candidate answers to a reading; nil when a word is left open.
    func coverage(of reading: Reading) -> Coverage? {
        var best: Coverage?
        for chain in chains {
            for index in chain.steps.indices {
                guard var start = start(chain, index, reading) else { continue }
                guard cover(&start, chain) else { continue }
                let coverage = start.coverage
                if let current = best, !coverage.isBetter(than: current) { continue }
                best = coverage
            }
        }
        guard var best, isBranchNamed(reading) else { return nil }
        best.role = role(leftovers: best.leftovers, isBroad: true)
        return best
    }

    /// How the candidate bears the project's name of a reading, whatever its qualifiers.
    func projectLikeness(of reading: Reading) -> Likeness? {
        var best: Likeness?
        for chain in chains where chain.evidence != .program {
            for step in chain.steps where step.kind == .plain {
                if let likeness = step.name.likeness(to: reading.project) {
                    best = max(best ?? likeness, likeness)
                }
            }
        }
        return best
    }

    /// Directories of worktrees belong to their branch alone: the host has to name it.
    private func isBranchNamed(_ reading: Reading) -> Bool {
        for chain in chains {
            guard let branch = chain.branch else { continue }
            var terms = [reading.project] + reading.qualifiers
            terms += reading.qualifiers.map { $0 + reading.project }
            terms += reading.qualifiers.map { reading.project + $0 }
            let isNamed = branch.allSatisfy { index in
                PathWords.mainBranches.contains(chain.steps[index].name.joined)
                    || terms.contains { chain.names(step: index, from: branch.lowerBound, $0) }
            }
            if !isNamed { return false }
        }
        return true
    }
}

/// A coverage while the qualifiers are looked for.
struct CoverageStart {
    var coverage: Coverage
    var index: Int
    var open: [Name]
    var covered: Set<Int>
}

extension CandidateFacts {
    /// Meets the project's name at a step, alone or with one qualifier written beside it.
    private func start(
        _ chain: PlaceChain, _ index: Int, _ reading: Reading
    ) -> CoverageStart? {
        let step = chain.steps[index]
        guard step.kind == .plain || step.kind == .group && !reading.qualifiers.isEmpty else {
            return nil
        }
        var coverage = Coverage(
            facts: self, level: level(of: index, in: chain), likeness: .exact, root: step.key,
            evidence: chain.evidence)
        coverage.words = [step.name.words.joined(separator: "-")]
        if let likeness = step.name.likeness(to: reading.project) {
            coverage.likeness = likeness
            coverage.isNamedItself = coverage.level <= .service || chain.evidence == .container
            return CoverageStart(
                coverage: coverage, index: index, open: reading.qualifiers, covered: [index])
        }
        if reading.qualifiers.isEmpty, meets(step.name, reading.project) == .shortForm {
            coverage.grade = .shortForm
            coverage.level = .service
            coverage.isNamedItself = true
            return CoverageStart(coverage: coverage, index: index, open: [], covered: [index])
        }
        guard step.name.words.count > 1 else { return nil }
        for (position, qualifier) in reading.qualifiers.enumerated() {
            guard
                let likeness = step.name.likeness(to: reading.project + qualifier)
                    ?? step.name.likeness(to: qualifier + reading.project)
            else { continue }
            coverage.likeness = likeness
            coverage.grade = likeness == .exact ? .exact : .form
            coverage.isNamedItself = RoleWords.role(of: qualifier) != nil
            var open = reading.qualifiers
            open.remove(at: position)
            return CoverageStart(coverage: coverage, index: index, open: open, covered: [index])
        }
        return startPart(coverage, index, step, reading)
    }

    /// "shop-web" and "web-shop" as a part of shop.
    private func startPart(
        _ coverage: Coverage, _ index: Int, _ step: Step, _ reading: Reading
    ) -> CoverageStart? {
        let words = step.name.words
        let sides = [
            (Name(words: Array(words.dropLast())), Name(words: [words[words.count - 1]])),
            (Name(words: Array(words.dropFirst())), Name(words: [words[0]])),
        ]
        for (project, part) in sides {
            guard let role = RoleWords.role(of: part), RoleWords.parts.contains(role),
                project.joined == reading.project.joined
            else { continue }
            var coverage = coverage
            coverage.level = .part
            coverage.root = step.key.dropLastPart + "/" + project.joined
            coverage.leftovers = [Step(name: part, kind: .plain, key: step.key)]
            var open = reading.qualifiers
            if let position = open.firstIndex(where: { meets(part, $0) != nil }) {
                coverage.grade = min(coverage.grade, meets(part, open[position]) ?? .role)
                coverage.isNamedItself = true
                coverage.leftovers = []
                open.remove(at: position)
            }
            return CoverageStart(coverage: coverage, index: index, open: open, covered: [index])
        }
        return nil
    }

    private func level(of index: Int, in chain: PlaceChain) -> Coverage.Level {
        switch chain.evidence {
        case .program: return .program
        case .container: return .project
        case .compose, .directory, .package: break
        }
        let isBelow = chain.steps[..<index].contains { $0.kind == .plain }
        guard isBelow else { return .project }
        if chain.evidence == .compose, index == chain.steps.count - 1 { return .service }
        let hasHolder = chain.steps[..<index].contains { $0.kind == .partHolder }
        return hasHolder || RoleWords.role(of: chain.steps[index].name) != nil ? .service : .project
    }
}

extension String {
    /// A key without its last part.
    fileprivate var dropLastPart: String {
        lastIndex(of: "/").map { String(self[..<$0]) } ?? ""
    }
}
