// Finding what a reading names beside the project: a service, a branch, a port.

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

extension CandidateFacts {
    /// Looks for every open qualifier.
    func cover(_ start: inout CoverageStart, _ chain: PlaceChain) -> Bool {
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
    func meets(_ name: Name, _ qualifier: Name) -> Coverage.Grade? {
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
