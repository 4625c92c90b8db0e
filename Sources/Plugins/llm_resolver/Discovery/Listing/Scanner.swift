// One look at the machine after another. Blocks for some milliseconds at most; not for a loop.

#if os(Linux)
private import Glibc

/// Used by one thread at a time; remembers what need not be read again.
final class Scanner: @unchecked Sendable {
    private let files: ProcessFiles
    private var owners: SocketOwners
    private var facts: FactsCache
    private let temporaryPortMin: UInt16
    private var last: (listing: Listing, services: [DiscoveredService])?

    init(_ files: ProcessFiles = .system) {
        self.files = files
        owners = SocketOwners(files)
        facts = FactsCache(files)
        temporaryPortMin = Self.temporaryPortMin(files)
    }

    func scan(_ containers: [ContainerRecord], now: UInt64) -> [DiscoveredService] {
        let sockets = Array(
            SocketSource.listeningSockets(files).prefix(DiscoveryLimits.socketsMax))
        let owners = owners.owners(of: sockets, now: now)
        var known: [Int32: ProcessFacts] = [:]
        for process in Set(owners.values) {
            known[process] = facts.facts(of: process, now: now)
        }
        facts.forget(allBut: Set(known.keys))
        var listing = Listing(
            sockets: sockets, owners: owners, facts: known, containers: containers,
            ownProcess: getpid(), temporaryPortMin: temporaryPortMin,
            localNetworks: containers.isEmpty
                ? LocalNetworks(networks: []) : LocalNetworks.current())
        addContainerProcesses(to: &listing)
        // Mostly nothing has changed, and then nothing is put together.
        if let last, last.listing == listing { return last.services }
        let services = listing.services
        last = (listing, services)
        return services
    }

    private func addContainerProcesses(to listing: inout Listing) {
        let local = listing.containers.filter { $0.engineHost == nil && $0.processID > 0 }
        guard !local.isEmpty else { return }
        for container in local {
            listing.startTimes[container.processID] = files.startTime(of: container.processID)
        }
        guard local.contains(where: { $0.mode == .host }) else { return }
        for facts in listing.facts.values {
            var ancestor = facts.parentID
            for _ in 0..<DiscoveryLimits.parentsMax
            where ancestor > 1 && listing.facts[ancestor] == nil && listing.parents[ancestor] == nil
            {
                guard let parent = files.parent(of: ancestor) else { break }
                listing.parents[ancestor] = parent
                ancestor = parent
            }
        }
    }

    /// The start of the range in /proc/sys/net/ipv4/ip_local_port_range.
    private static func temporaryPortMin(_ files: ProcessFiles) -> UInt16 {
        let text =
            OpenFile("\(files.root)/sys/net/ipv4/ip_local_port_range")?.bytes(atMost: 64) ?? []
        let first = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return UInt16(String(decoding: first, as: UTF8.self)) ?? 32768
    }
}
#endif
