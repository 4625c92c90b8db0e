// All engines that are looked for.

final class EngineSet: @unchecked Sendable {
    func run(for leader: DiscoveryWatch?, _ take: @escaping (ContainerList) -> Void) {}
}
