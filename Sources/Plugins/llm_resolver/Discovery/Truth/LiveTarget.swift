// Whether the address that requests go to still is the service that was meant.
import PluginSDK
import Synchronization

/// An address with what was last verified about it. One per mapping and snapshot; shared by all
/// workers.
///
/// A port says nothing about who is behind it: a program ends, and a stranger takes its port within
/// milliseconds. So before a request goes out, the kernel is asked which socket a connection to the
/// dial address would get, and the answer has to be one of the sockets that were seen with the
/// service. A socket has a number (its cookie) that no other socket of the machine ever gets, so
/// an equal answer means that it is the same program, however its port came about.
///
/// Asking takes about 10 µs; an answer therefore counts for `DiscoveryLimits.verifiedFor` (50 ms),
/// as long as no listing has shown a change. Connections that are kept open end with their
/// program, so only a new connection can reach a stranger, and only if within these 50 ms the
/// program ended, the stranger took its port, and no other question was asked. `within: 0` asks
/// every time and leaves the time between the question and the connection, some microseconds.
///
/// Sockets of containers cannot be seen from here. Their first process can, unless the engine runs
/// in a virtual machine: then its events are the only source, which arrive some milliseconds late.
final class LiveTarget: Sendable {
    /// Of the candidate.
    let id: String
    let dialAddresses: [DialAddress]
    private let proof: DiscoveredService.Proof
    private let verifiedAt: Atomic<UInt64>
    private let generation: Atomic<UInt64>

    init(id: String, dialAddresses: [DialAddress], proof: DiscoveredService.Proof) {
        self.id = id
        self.dialAddresses = dialAddresses
        self.proof = proof
        verifiedAt = Atomic(0)
        generation = Atomic(0)
    }

    /// Whether requests may go there. A few nanoseconds while the last answer counts, otherwise one
    /// question to the kernel; never blocks. When it is false, the service has to be located
    /// again. [any]
    ///
    /// - Parameter window: How old an answer may be, in nanoseconds.
    func isCurrent(
        _ now: UInt64 = Clock.monotonic, within window: UInt64 = DiscoveryLimits.verifiedFor
    ) -> Bool {
        let published = Discovery.generation
        if now &- verifiedAt.load(ordering: .relaxed) < window,
            generation.load(ordering: .relaxed) == published
        {
            return true
        }
        guard verify() else { return false }
        // In this order: a time without its generation is never taken for the newer one.
        generation.store(published, ordering: .relaxed)
        verifiedAt.store(now, ordering: .relaxed)
        return true
    }

    private func verify() -> Bool {
        guard !dialAddresses.isEmpty else { return false }
        switch proof {
        case .sockets(let known):
            return dialAddresses.allSatisfy { dial in
                guard let socket = SocketSource.socket(behind: dial, .system) else { return false }
                return known.contains { $0.isSame(as: socket) }
            }
        case .process(let id, let startTime):
            return ProcessFiles.system.startTime(of: id) == startTime
        case .listing:
            return Discovery.snapshot.service(id)?.dialAddresses == dialAddresses
        }
    }
}
