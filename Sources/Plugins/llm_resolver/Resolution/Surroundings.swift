// What a resolver needs from those who find candidates and who choose among them.

/// What listens here: discovery, or what a test makes of it.
protocol CandidateSource: AnyObject, Sendable {
    /// What is known now; never waits. [any]
    var snapshot: DiscoverySnapshot { get }
    /// Gives what was there less than `age` nanoseconds ago: at once, or later on a worker. [loop]
    func refresh(
        olderThan age: UInt64, _ done: @escaping @Sendable (DiscoverySnapshot) -> Void)
}

/// The machine itself.
final class LiveSource: CandidateSource {
    var snapshot: DiscoverySnapshot { Discovery.snapshot }

    func refresh(
        olderThan age: UInt64, _ done: @escaping @Sendable (DiscoverySnapshot) -> Void
    ) {
        Discovery.refresh(olderThan: age, done)
    }
}

/// Chooses among candidates that the names alone do not decide between.
protocol TieBreaker: AnyObject, Sendable {
    /// `done` is called once, on the calling worker. [loop]
    func choose(
        _ question: Question, among candidates: [Candidate], _ done: @escaping (TieBreak) -> Void)
}

enum TieBreak: Sendable {
    case decided(Decision)
    /// Asked, and none of them is meant.
    case none(reason: String)
    /// Could not be asked, or gave no usable answer; `reason` is for the log only.
    case failed(reason: String)
}

/// What somebody wants to know.
struct Question: Hashable, Sendable {
    /// Without port, in lower case.
    var host: String
    /// The service of that host, for /_proxy/{service}/.
    var service: String?
    /// Decide anew, whatever is known.
    var isForced = false
    /// What is known did not answer: look again before it is believed.
    var isSuspect = false

    /// Of the mapping.
    var key: String { service.map { "\(host):\($0)" } ?? host }
}

/// What became of a question.
enum Resolution: Sendable {
    case found(RouteEntry)
    /// Known, and not listening now.
    case starting(Mapping)
    case unknown(Decision)
    /// Too many questions at once.
    case busy
    /// The step that could have decided did not work.
    case failed(reason: String)
}
