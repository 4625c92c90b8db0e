// All engines that are looked for, as one list of containers.

/// On the first worker only.
final class EngineSet: @unchecked Sendable {
    private var engines: [Engine] = []
    private var take: ((ContainerList) -> Void)?

    /// Looks for the engines of a watch, with its handles; nil ends all.
    ///
    /// - Parameter take: Hears of every list that may be another one.
    func run(for leader: DiscoveryWatch?, _ take: @escaping (ContainerList) -> Void) {
        self.take = take
        let endpoints = leader?.engines ?? []
        for engine in engines { engine.stop() }
        engines = endpoints.compactMap { endpoint in
            guard let scope = leader?.scope else { return nil }
            return engines.first { $0.address == endpoint.address }
                ?? Engine(endpoint, scope) { [weak self] in self?.tell() }
        }
        guard let scope = leader?.scope else { return }
        for (engine, endpoint) in zip(engines, endpoints) { engine.start(endpoint, scope) }
    }

    private func tell() {
        var records: [String: ContainerRecord] = [:]
        for engine in engines {
            // One engine may answer on several sockets.
            records.merge(engine.records) { first, _ in first }
        }
        take?(
            ContainerList(
                records: records.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) },
                engines: engines.map(\.status).filter { $0.isConnected || !$0.problem.isEmpty }))
    }
}
