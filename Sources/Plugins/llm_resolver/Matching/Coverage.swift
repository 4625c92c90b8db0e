// Whether a reading of a host describes a candidate: every word of the host must be accounted for.

/// How a candidate answers to a reading.
struct Coverage {
    /// How a qualifier is met, the best last.
    enum Grade: Int, Comparable {
        /// By the part that the candidate plays.
        case role
        /// By a short form, or by what its program is for.
        case shortForm
        /// By a name written in another way.
        case form
        /// By its very name, or its port.
        case exact

        static func < (one: Grade, other: Grade) -> Bool { one.rawValue < other.rawValue }
    }

    /// How firmly the candidate bears the project's name, the best last.
    enum Level: Int, Comparable {
        /// The project's name with the word for a part behind it: "shop-web".
        case part
        /// Its program is called that.
        case program
        /// A part of another project is called that.
        case service
        case project

        static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    }

    let facts: CandidateFacts
    var level: Level
    var likeness: Likeness
    /// Of the worst qualifier.
    var grade: Grade = .exact
    /// The same for all candidates of the project.
    var root: String
    /// The steps below the project that the host does not name.
    var leftovers: [Step] = []
    /// Whether another name stands right below the project's, as that of one project among many.
    var isBelowAnotherName = false
    /// Whether the host names the part itself, not only its project or branch.
    var isNamedItself = false
    var evidence: PlaceChain.Evidence
    /// The candidate's own words for what was met, for the reason.
    var words: [String] = []
    var role: Role = .app
}

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

extension PlaceChain {
    /// Whether a name is that of a step, or of several with that step among them, written
    /// together: "feature/login".
    func names(step index: Int, from start: Int, _ name: Name) -> Bool {
        (start...index).contains { first in
            run(matching: name, from: first).map { first + $0 > index } ?? false
        }
    }

    /// The number of steps from an index on that together are a name.
    func run(matching name: Name, from index: Int) -> Int? {
        var joined = ""
        var count = 0
        for step in steps[index...] where count < 6 {
            guard step.kind == .plain || count == 0 else { return nil }
            joined += step.name.joined
            count += 1
            if joined == name.joined { return count }
            if !name.joined.hasPrefix(joined) { return nil }
        }
        return nil
    }
}

extension Coverage {
    /// By a label that routes a host.
    init(routed facts: CandidateFacts) {
        self.init(
            facts: facts, level: .project, likeness: .exact, root: "", isNamedItself: true,
            evidence: .container)
    }

    /// Better evidence of the same candidate.
    fileprivate func isBetter(than other: Coverage) -> Bool {
        (grade.rawValue, likeness.rawValue, level.rawValue, -leftovers.count)
            > (
                other.grade.rawValue, other.likeness.rawValue, other.level.rawValue,
                -other.leftovers.count
            )
    }
}

/// A coverage while the qualifiers are looked for.
private struct CoverageStart {
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

    /// Looks for every open qualifier.
    private func cover(_ start: inout CoverageStart, _ chain: PlaceChain) -> Bool {
        for qualifier in start.open {
            guard let grade = meet(qualifier, &start, chain) else { return false }
            start.coverage.grade = min(start.coverage.grade, grade)
        }
        let below = chain.steps.indices.filter {
            $0 > start.index && !start.covered.contains($0) && chain.steps[$0].kind == .plain
        }
        start.coverage.leftovers += below.map { chain.steps[$0] }
        start.coverage.isBelowAnotherName = isAnotherName(start.index + 1, start.covered, chain)
        if let branch = chain.branch, below.contains(branch.upperBound),
            RoleWords.role(of: chain.steps[branch.upperBound].name) == nil
        {
            return false
        }
        return true
    }

    private func isAnotherName(_ index: Int, _ covered: Set<Int>, _ chain: PlaceChain) -> Bool {
        guard index < chain.steps.count, !covered.contains(index) else { return false }
        let isService = chain.evidence == .compose && index == chain.steps.count - 1
        return !isService && chain.steps[index].kind == .plain && isNameOfPart(chain.steps[index])
    }

    private func meet(
        _ qualifier: Name, _ start: inout CoverageStart, _ chain: PlaceChain
    ) -> Coverage.Grade? {
        if let grade = meetStep(qualifier, &start, chain) { return grade }
        if let grade = meetOwnName(qualifier) {
            start.coverage.isNamedItself = true
            start.coverage.words.append(qualifier.joined)
            return grade
        }
        if let number = qualifier.number, answers(on: number) {
            start.coverage.isNamedItself = true
            start.coverage.words.append("port \(number)")
            return .exact
        }
        if qualifier.joined == "port" { return .exact }
        if PathWords.mainBranches.contains(qualifier.joined), chain.branch == nil { return .form }
        let roles = ShortForms.rolesByWord[qualifier.joined] ?? []
        let role = role(
            leftovers: chain.steps.indices.filter { $0 > start.index }.map { chain.steps[$0] },
            isBroad: false)
        guard roles.contains(role) else { return nil }
        start.coverage.isNamedItself = true
        start.coverage.words.append(role.description)
        return .role
    }

    /// Below the project, or above it among groups and worktrees.
    private func meetStep(
        _ qualifier: Name, _ start: inout CoverageStart, _ chain: PlaceChain
    ) -> Coverage.Grade? {
        var best: (grade: Coverage.Grade, steps: Range<Int>)?
        for index in chain.steps.indices where !start.covered.contains(index) {
            let step = chain.steps[index]
            if index < start.index, start.coverage.level != .project { continue }
            let isMain = PathWords.mainBranches.contains(step.name.joined)
            guard step.kind == .plain || isMain || step.kind == .group else { continue }
            if let count = chain.run(matching: qualifier, from: index) {
                best = (.exact, index..<index + count)
                break
            }
            guard index > start.index, let grade = meets(step.name, qualifier) else { continue }
            if best.map({ $0.grade < grade }) ?? true { best = (grade, index..<index + 1) }
        }
        guard let best else { return nil }
        start.covered.formUnion(best.steps)
        start.coverage.words.append(
            best.steps.map { chain.steps[$0].name.words.joined(separator: "-") }
                .joined(separator: "/"))
        let isLast = !chain.steps[best.steps.upperBound...].contains { $0.kind == .plain }
        if isLast, best.steps.lowerBound > start.index, !isBranch(best.steps, chain) {
            start.coverage.isNamedItself = true
        }
        return best.grade
    }

    private func isBranch(_ steps: Range<Int>, _ chain: PlaceChain) -> Bool {
        if let branch = chain.branch, branch.overlaps(steps) { return true }
        return false
    }

    /// How a name of the candidate meets a qualifier.
    private func meets(_ name: Name, _ qualifier: Name) -> Coverage.Grade? {
        switch name.likeness(to: qualifier) {
        case .exact: return .exact
        case .form: return .form
        case nil: break
        }
        let short = ShortForms.names[qualifier.joined] ?? ShortForms.names[qualifier.stem] ?? []
        if short.contains(where: { $0 == name.joined || $0 == name.stem }) { return .shortForm }
        let purposes = ShortForms.purposes[qualifier.joined] ?? []
        return purposes.contains(name.joined) ? .shortForm : nil
    }

    private func meetOwnName(_ qualifier: Name) -> Coverage.Grade? {
        (ownNames + frameworkNames).compactMap { meets($0, qualifier) }.max()
    }

    /// Whether a number is its port: where it listens, or where the host does in its place.
    func answers(on number: UInt16) -> Bool {
        candidate.port == number || publishedPort == number
    }

    /// The port of the host that leads to this candidate's port.
    var publishedPort: UInt16? {
        candidate.container?.publishedPorts.first { $0.container == candidate.port }?.host
    }
}

extension String {
    /// A key without its last part.
    fileprivate var dropLastPart: String {
        lastIndex(of: "/").map { String(self[..<$0]) } ?? ""
    }
}
