// Finding a service again.

extension DiscoverySnapshot {
    enum Located: Equatable {
        case found(DiscoveredService)
        /// Equally good ones: nobody can know which is meant.
        case several([DiscoveredService])
        case absent
    }

    /// The service of that identity as it is now.
    ///
    /// A process is the one that was seen last, while it runs; otherwise one in exactly that
    /// working directory with the same command. Neither a directory above nor one below is the
    /// same, and a program with another command never is, although it may have the old port.
    ///
    /// - Parameter matches: Whether a pattern fits the command or the arguments; an occurrence in
    ///   the text by default.
    func locate(
        _ identity: ServiceIdentity,
        matches: (_ pattern: String, _ text: String) -> Bool = { occurs($0, in: $1) }
    ) -> Located {
        switch identity {
        case .process(let process): locate(process, matches)
        case .container(let container): locate(container)
        }
    }

    private func locate(
        _ identity: ServiceIdentity.Process, _ matches: (String, String) -> Bool
    ) -> Located {
        let processes = services.filter {
            $0.candidate.kind == .process && $0.marks.isDisjoint(with: .never)
        }
        let same = processes.filter { $0.isSameProcess(as: identity) }
        let located = choose(among: same, identity)
        if located != .absent { return located }
        return choose(among: processes.filter { $0.isSameProgram(as: identity, matches) }, identity)
    }

    /// The port that is meant, else the only one that can be meant.
    private func choose(
        among services: [DiscoveredService], _ identity: ServiceIdentity.Process
    ) -> Located {
        let onPort = services.filter { $0.candidate.port == identity.port }
        if onPort.count == 1 { return .found(onPort[0]) }
        let others = services.filter {
            $0.marks.isEmpty && !identity.otherPorts.contains($0.candidate.port)
        }
        switch others.count {
        case 0: return .absent
        case 1: return .found(others[0])
        default: return .several(others)
        }
    }

    private func locate(_ identity: ServiceIdentity.Container) -> Located {
        let onPort = services.filter {
            $0.candidate.kind == .container && $0.candidate.port == identity.port
                && $0.marks.isDisjoint(with: .never)
        }
        if let named = onPort.first(where: { $0.candidate.container?.name == identity.name }) {
            return .found(named)
        }
        // Created anew under another name: the same place in the same stack.
        guard let project = identity.composeProject, let service = identity.composeService else {
            return .absent
        }
        let placed = onPort.filter {
            guard case .container(let other) = $0.identity else { return false }
            return other.composeProject == project && other.composeService == service
                && other.composeNumber == identity.composeNumber
        }
        switch placed.count {
        case 0: return .absent
        case 1: return .found(placed[0])
        default: return .several(placed)
        }
    }
}

extension DiscoveredService {
    /// The very process; one that has turned into another program in another place is not.
    fileprivate func isSameProcess(as identity: ServiceIdentity.Process) -> Bool {
        guard let process, let id = identity.processID, let start = identity.startTime else {
            return false
        }
        return process.processID == id && process.startTime == start
            && process.workingDirectory == identity.workingDirectory
    }

    fileprivate func isSameProgram(
        as identity: ServiceIdentity.Process, _ matches: (String, String) -> Bool
    ) -> Bool {
        guard let process, let directory = identity.workingDirectory,
            process.workingDirectory == directory
        else { return false }
        if let pattern = identity.pattern {
            return matches(pattern, process.command) || matches(pattern, process.arguments)
        }
        guard let signature = identity.signature else { return true }
        return CommandSignature(process.arguments) == signature
    }
}

/// Whether one text is part of another.
private func occurs(_ part: String, in text: String) -> Bool {
    let part = Array(part.utf8)
    guard !part.isEmpty else { return true }
    var rest = Substring(text).utf8
    while rest.count >= part.count {
        if rest.starts(with: part) { return true }
        rest.removeFirst()
    }
    return false
}
