// How many sockets the process may hold, and how many it does.
import Base
import Synchronization
import Transport

/// The descriptors that connections share: the system's limit less a reserve for everything else.
///
/// A client that is being served may need an upstream, so that it counts twice until it is idle
/// again; kept upstream connections count for those. New clients are accepted only while both fit,
/// hence dialling does not fail for want of descriptors.
final class DescriptorBudget: Sendable {
    let max: Int
    private let clients = Atomic<Int>(0)
    private let upstreams = Atomic<Int>(0)

    /// - Parameter limit: What the system allows the process.
    init(limit: Int) {
        let reserve = Swift.max(limit / 10, Limits.reservedDescriptorsMin)
        max = Swift.max(limit - reserve, 2)
    }

    /// Raises the soft limit to the hard one, as the Go run-time does for Caddy.
    static func ofProcess() -> DescriptorBudget {
        DescriptorBudget(limit: Socket.raiseDescriptorLimit())
    }

    func addClient() { clients.add(1, ordering: .relaxed) }
    func removeClient() { clients.subtract(1, ordering: .relaxed) }
    func addUpstream() { upstreams.add(1, ordering: .relaxed) }
    func removeUpstream() { upstreams.subtract(1, ordering: .relaxed) }

    /// What one more client would leave. Negative: it does not fit.
    ///
    /// - Parameter idleClients: Those that wait for their next request.
    func room(idleClients: Int) -> Int {
        let clients = self.clients.load(ordering: .relaxed) + 1
        let upstreams = self.upstreams.load(ordering: .relaxed)
        return max - clients - Swift.max(upstreams, clients - idleClients)
    }

    /// Whether idle clients are to make room: the last eighth is being used.
    func isScarce(room: Int) -> Bool { room < max / 8 }
}
