// How containers are reached: published ports, shared networks, the host's own network.

extension Listing {
    /// One service for each TCP port.
    ///
    /// - Parameter groups: Sockets of processes in the container, which can be seen when it uses
    ///   the host's network.
    func services(of container: ContainerRecord, _ groups: [SocketGroup]) -> [DiscoveredService] {
        let holder = networkHolder(of: container)
        guard holder.mode != .host || container.engineHost != nil else {
            return onHostNetwork(container, groups)
        }
        let ports = Set(container.ports).union(container.published.map(\.container)).sorted()
        return ports.prefix(DiscoveryLimits.portsPerContainerMax).map { port in
            let published = holder.published.filter { $0.container == port }
            let proof: DiscoveredService.Proof =
                startTimes[container.processID].map {
                    .process(id: container.processID, startTime: $0)
                } ?? .listing
            return service(
                container, port, bind: published.first?.address,
                dialAddresses(of: holder, port, published), proof)
        }
    }

    /// Its processes listen on this machine like any others. Ports that it only declares are
    /// there when somebody who is not known listens on them.
    private func onHostNetwork(
        _ container: ContainerRecord, _ groups: [SocketGroup]
    ) -> [DiscoveredService] {
        let seen = groups.map { group in
            service(
                container, group.port, bind: group.bind.text, group.dialAddresses,
                .sockets(Set(group.sockets.map(\.key))))
        }
        let declared = container.ports.filter { port in !seen.contains { $0.candidate.port == port }
        }
        let hidden = declared.flatMap { port in
            SocketGroup.groups(
                sockets.filter { $0.port == port && owners[$0.inode] == nil }, owners: [:],
                facts: [:]
            ).map { group in
                service(
                    container, port, bind: group.bind.text, group.dialAddresses,
                    .sockets(Set(group.sockets.map(\.key))))
            }
        }
        return seen + hidden
    }

    /// Whose network it uses: another container's in a pod or with `network_mode: service:…`.
    private func networkHolder(of container: ContainerRecord) -> ContainerRecord {
        guard case .container(let id) = container.mode else { return container }
        return containers.first { $0.id.hasPrefix(id) || $0.name == id } ?? container
    }

    /// Published ports first, because those work from everywhere; then the container's address in a
    /// network that this machine is in, by name of the network.
    private func dialAddresses(
        of container: ContainerRecord, _ port: UInt16, _ published: [Candidate.PublishedPort]
    ) -> [DialAddress] {
        let onHost = published.compactMap { publication -> DialAddress? in
            guard let address = IPAddress(publication.address) else { return nil }
            let reachable: IPAddress =
                switch (address.isWildcard, container.engineHost) {
                case (true, let host?): host
                case (true, nil): address.family == .v4 ? .loopbackV4 : .loopbackV6
                case (false, _): address
                }
            return DialAddress(address: reachable, port: publication.host)
        }
        guard onHost.isEmpty else { return unique(onHost) }
        if container.mode == .host, let host = container.engineHost {
            return [DialAddress(address: host, port: port)]
        }
        return unique(
            container.networks.flatMap(\.addresses).filter(localNetworks.contains)
                .map { DialAddress(address: $0, port: port) })
    }

    private func unique(_ addresses: [DialAddress]) -> [DialAddress] {
        var result: [DialAddress] = []
        for address in addresses where !result.contains(address) { result.append(address) }
        return result
    }

    private func service(
        _ container: ContainerRecord, _ port: UInt16, bind: String?,
        _ dialAddresses: [DialAddress], _ proof: DiscoveredService.Proof
    ) -> DiscoveredService {
        var candidate = Candidate(id: "c\(container.shortID)-\(port)", kind: .container, port: port)
        candidate.bind = bind
        candidate.command = container.command
        candidate.arguments = container.arguments
        candidate.workingDirectory = container.workingDirectory
        candidate.container = Candidate.Container(
            name: container.name, image: container.image,
            composeProject: container.composeProject, composeService: container.composeService,
            publishedPorts: container.published, exposedPorts: container.ports,
            labels: container.labels)
        var marks: Marks = []
        if container.isOneOff { marks.insert(.oneOff) }
        if container.isPaused { marks.insert(.paused) }
        if dialAddresses.isEmpty { marks.insert(.unreachable) }
        return DiscoveredService(
            candidate: candidate, marks: marks, dialAddresses: dialAddresses,
            identity: .container(
                ServiceIdentity.Container(
                    name: container.name, port: port, composeProject: container.composeProject,
                    composeService: container.composeService,
                    composeNumber: container.labels["com.docker.compose.container-number"])),
            proof: proof)
    }
}
