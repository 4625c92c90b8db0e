// Where a candidate lives: its directories, or its compose project and service, outermost first.

/// A step from a project to its part.
struct Step {
    enum Kind {
        /// A name of a project or a part.
        case plain
        /// Groups projects; a name only beside one.
        case group
        /// Holds parts of a project: "apps".
        case partHolder
        /// Says nothing.
        case silent
        /// Holds what belongs to a tool, or worktrees.
        case hidden
        /// Worktrees are kept below it.
        case worktrees
    }

    let name: Name
    var kind: Kind
    /// The same for whatever lives in the same place.
    let key: String
}

/// The steps to a candidate by one sort of evidence.
struct PlaceChain {
    enum Evidence {
        case directory
        case compose
        case container
        case program
        case package
    }

    var steps: [Step]
    let evidence: Evidence
    /// Index of the first step that names a branch, in a directory of worktrees; these must be
    /// asked for.
    var branch: Range<Int>?
}

extension PlaceChain {
    /// The steps of an absolute path; nil when nothing in it is somebody's.
    init?(path: String, evidence: Evidence = .directory) {
        var parts = path.split(separator: "/").map(String.init)
        guard path.hasPrefix("/"), !parts.isEmpty else { return nil }
        var prefix = ""
        Self.skipHome(&parts, &prefix)
        if prefix.isEmpty {
            guard !PathWords.systemRoots.contains(parts[0]),
                !PathWords.systemPrefixes.contains(where: { parts.starts(with: $0) })
            else { return nil }
        }
        steps = []
        self.evidence = evidence
        for part in parts {
            if PathWords.foreign.contains(part) { break }
            if let last = steps.last, last.kind == .hidden, !PathWords.isWorktrees(part) {
                steps.removeLast()
                break
            }
            prefix += "/" + part
            let isFirst = !steps.contains { $0.kind == .plain }
            append(part, key: prefix, isFirst: isFirst)
        }
        settleLast()
        branch = branchSteps()
        guard !steps.isEmpty else { return nil }
    }

    private static func skipHome(_ parts: inout [String], _ prefix: inout String) {
        var count = 0
        if PathWords.homeParents.contains(parts[0]) { count = 2 }
        if parts[0] == "root" { count = 1 }
        if parts.count > 1, parts[0] == "var", parts[1] == "home" { count = 3 }
        prefix = parts.prefix(count).map { "/" + $0 }.joined()
        parts.removeFirst(min(count, parts.count))
    }

    private mutating func append(_ part: String, key: String, isFirst: Bool) {
        let name = Name(part)
        guard !name.isEmpty else { return }
        let isHidden = part.hasPrefix(".")
        if let holder = Self.worktreeHolder(name, isInner: isHidden || !isFirst) {
            if !holder.isEmpty { steps.append(Step(name: holder, kind: .plain, key: key + "#")) }
            steps.append(Step(name: name, kind: .worktrees, key: key))
            return
        }
        if name.joined == "workspaces", steps.last?.name.joined == "conductor" {
            steps.append(Step(name: name, kind: .worktrees, key: key))
            return
        }
        var part = name
        if let above = steps.last(where: { $0.kind == .plain })?.name {
            part = name.part(of: above)
        }
        steps.append(Step(name: part, kind: Self.kind(part, isFirst, isHidden), key: key))
    }

    /// The project's name in front of "worktrees", often none; nil for any other directory.
    private static func worktreeHolder(_ name: Name, isInner: Bool) -> Name? {
        if PathWords.worktreeHolders.contains(name.joined) { return Name("") }
        if isInner, PathWords.innerWorktreeHolders.contains(name.joined) { return Name("") }
        guard name.words.count > 1, let last = name.words.last,
            PathWords.worktreeHolders.contains(last) || last == "workspaces"
        else { return nil }
        return Name(words: Array(name.words.dropLast()))
    }

    private static func kind(_ name: Name, _ isFirst: Bool, _ isHidden: Bool) -> Step.Kind {
        if isHidden { return .hidden }
        if isFirst {
            if PathWords.holders.contains(name.joined) { return .silent }
            return PathWords.groups.contains(name.joined) ? .group : .plain
        }
        if PathWords.partHolders.contains(name.joined) { return .partHolder }
        return PathWords.silent.contains(name.joined) ? .silent : .plain
    }

    /// A group with nothing below it is a name.
    private mutating func settleLast() {
        guard !steps.contains(where: { $0.kind == .plain }),
            let index = steps.lastIndex(where: { $0.kind == .group })
        else { return }
        steps[index].kind = .plain
    }

    private func branchSteps() -> Range<Int>? {
        guard let holder = steps.lastIndex(where: { $0.kind == .worktrees }),
            holder + 1 < steps.count
        else { return nil }
        let hasProject = steps[..<holder].contains { $0.kind == .plain }
        let named = steps[(holder + 1)...].prefix(hasProject ? 1 : 2).prefix {
            $0.kind == .plain && RoleWords.role(of: $0.name) == nil
        }
        return named.isEmpty ? nil : named.indices
    }

    /// Takes its meaning from a name below a directory.
    mutating func silence(_ name: String, below directory: String) {
        for index in steps.indices
        where steps[index].name.joined == name && steps[index].key.hasPrefix(directory + "/") {
            steps[index].kind = .silent
        }
    }

    /// The same with one more step at the end.
    func appending(_ name: Name, key: String) -> PlaceChain {
        var chain = self
        chain.steps.append(Step(name: name, kind: .plain, key: key))
        return chain
    }
}
