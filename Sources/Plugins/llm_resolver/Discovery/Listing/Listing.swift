// Puts sockets, processes and containers together: plain data in, services out.

/// What one look found. The same input gives the same services in the same order.
struct Listing: Equatable {
    var sockets: [ListeningSocket]
    /// By number of the socket.
    var owners: [UInt64: Int32]
    /// Of every owner that is still there.
    var facts: [Int32: ProcessFacts]
    var containers: [ContainerRecord]
    var ownProcess: Int32
    /// Ports from here on are given out by the system.
    var temporaryPortMin: UInt16
    var localNetworks: LocalNetworks
    /// The parents of processes that are no owners, as far as containers need them.
    var parents: [Int32: Int32] = [:]
    /// Start times of the first processes of containers, where they can be seen.
    var startTimes: [Int32: UInt64] = [:]

    var services: [DiscoveredService] {
        let groups = SocketGroup.groups(sockets, owners: owners, facts: facts)
        let inside = containersByProcess
        let containerOf = { (group: SocketGroup) in group.process.flatMap { inside[$0.processID] } }
        let ports = Dictionary(grouping: groups, by: \.owner).mapValues { $0.map(\.port) }
        let byPort = Dictionary(grouping: groups, by: \.port)
        let processes = groups.map { group in
            process(
                group, siblings: ports[group.owner, default: []].filter { $0 != group.port },
                neighbours: byPort[group.port, default: []], isInside: containerOf(group) != nil)
        }
        let byContainer = Dictionary(grouping: groups, by: containerOf)
        let contained = containers.flatMap { container in
            services(of: container, byContainer[container.id, default: []])
        }
        return processes + contained
    }

    /// The container of each owner that runs in one, by its control group or its ancestors.
    private var containersByProcess: [Int32: String] {
        guard !containers.isEmpty else { return [:] }
        let known = Set(containers.map(\.id))
        let first = Dictionary(
            containers.filter { $0.processID > 0 && $0.engineHost == nil }
                .map { ($0.processID, $0.id) }, uniquingKeysWith: { first, _ in first })
        var found: [Int32: String] = [:]
        for (process, facts) in facts {
            if let id = facts.containerID, known.contains(id) {
                found[process] = id
                continue
            }
            var ancestor = process
            for _ in 0..<DiscoveryLimits.parentsMax where ancestor > 1 {
                if let id = first[ancestor] { found[process] = id }
                ancestor = self.facts[ancestor]?.parentID ?? parents[ancestor] ?? 0
            }
        }
        return found
    }

    // MARK: Processes

    private func process(
        _ group: SocketGroup, siblings: [UInt16], neighbours: [SocketGroup], isInside: Bool
    ) -> DiscoveredService {
        var candidate = Candidate(id: group.id, kind: .process, port: group.port)
        candidate.bind = group.bind.text
        var identity = ServiceIdentity.Process(port: group.port, otherPorts: siblings)
        if let process = group.process {
            candidate.command = process.command
            candidate.arguments = process.arguments
            candidate.workingDirectory = process.workingDirectory
            candidate.packageName = process.packageName
            identity.workingDirectory = process.workingDirectory
            identity.signature = CommandSignature(process.arguments)
            identity.executable = process.executable
            identity.processID = process.processID
            identity.startTime = process.startTime
        }
        return DiscoveredService(
            candidate: candidate, marks: marks(group, neighbours, siblings, isInside),
            dialAddresses: group.dialAddresses, identity: .process(identity),
            proof: .sockets(Set(group.sockets.map(\.key))), process: group.process)
    }

    private func marks(
        _ group: SocketGroup, _ neighbours: [SocketGroup], _ siblings: [UInt16], _ isInside: Bool
    ) -> Marks {
        var marks =
            group.process.map { KnownPrograms.marks(of: $0, port: group.port) }
            ?? .ownerUnknown
        if group.process?.processID == ownProcess { marks.insert(.own) }
        if isInside { marks.insert(.insideContainer) }
        if group.port < 1024 { marks.insert(.lowPort) }
        if group.dialAddresses.isEmpty { marks.insert(.unreachable) }
        if group.port >= temporaryPortMin, siblings.contains(where: { $0 < temporaryPortMin }) {
            marks.insert(.temporaryPort)
        }
        if neighbours.contains(where: { group.overlaps($0) }) { marks.insert(.sharedPort) }
        return marks
    }
}
