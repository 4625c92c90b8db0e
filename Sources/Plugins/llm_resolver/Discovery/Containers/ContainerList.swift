// What all engines together tell.

struct ContainerList: Hashable, Sendable {
    /// By name, then by id; each container once.
    var records: [ContainerRecord] = []
    var engines: [DiscoverySnapshot.EngineStatus] = []
}
