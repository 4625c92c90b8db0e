// All that was discovered at one moment. Never changes.

final class DiscoverySnapshot: Sendable {
    /// Counts snapshots that differ; 0 before the first look.
    let generation: UInt64
    /// Processes by port, then containers by name; the same things are always in the same order.
    let services: [DiscoveredService]
    let engines: [EngineStatus]
    private let indexByID: [String: Int]

    /// A container engine that was looked for.
    struct EngineStatus: Hashable, Sendable {
        /// "unix/run/podman/podman.sock", "127.0.0.1:2375".
        var address: String
        var isConnected: Bool
        /// Empty while it is well, or not there at all.
        var problem: String
        var containerCount: Int
    }

    static let empty = DiscoverySnapshot(generation: 0, services: [], engines: [])

    init(generation: UInt64, services: [DiscoveredService], engines: [EngineStatus]) {
        self.generation = generation
        self.services = services
        self.engines = engines
        indexByID = Dictionary(
            services.enumerated().map { ($0.element.candidate.id, $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    func service(_ id: String) -> DiscoveredService? {
        indexByID[id].map { services[$0] }
    }

    /// What may answer a name.
    ///
    /// - Parameters:
    ///   - hidden: Marks that exclude; those of `Marks.never` do in any case.
    ///   - composeProject: The stack that the gateway itself belongs to; empty for none.
    func offered(
        hiding hidden: Marks = .usual, composeProject: String = ""
    ) -> [DiscoveredService] {
        services.filter { service in
            service.marks.isDisjoint(with: hidden.union(.never))
                && (composeProject.isEmpty
                    || service.candidate.container?.composeProject != composeProject)
        }
    }
}
