// One thing that was discovered: a candidate, how to reach it, and how to know it again.

struct DiscoveredService: Hashable, Sendable {
    var candidate: Candidate
    var marks: Marks = []
    /// Where a connection from here gets to it, best first; empty when none does.
    var dialAddresses: [DialAddress]
    var identity: ServiceIdentity
    var proof: Proof
    /// nil for containers, and when the owner is not known.
    var process: ProcessFacts?

    /// What shows, without a listing, that it is still the same.
    enum Proof: Hashable, Sendable {
        /// These sockets, by what the kernel says of the dial address.
        case sockets(Set<SocketKey>)
        /// The first process of a container.
        case process(id: Int32, startTime: UInt64)
        /// Nothing that can be looked at from here: the engine's events alone.
        case listing
    }

    /// Keeps what was verified, for requests.
    func makeTarget() -> LiveTarget {
        LiveTarget(id: candidate.id, dialAddresses: dialAddresses, proof: proof)
    }
}
