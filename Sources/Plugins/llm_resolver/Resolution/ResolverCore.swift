// What the handlers with one cache file share, across reloads: mappings, flights, refusals, journal.
import PluginSDK
import Synchronization

final class ResolverCore: Sendable {
    /// Questions under way at one time.
    static let flightCountMax = 64
    /// Who waits for one question.
    static let waiterCountMax = 256
    /// Questions about names that are not known: so many per second, and so many at once.
    private static let questionsPerSecond: UInt64 = 50
    private static let questionBurst: UInt64 = 100

    typealias Delivery = @Sendable (Resolution) -> Void

    private struct State {
        var flights: [String: [Delivery]] = [:]
        var refusals = RefusedQuestions()
        var bucket = TokenBucket(
            perSecond: ResolverCore.questionsPerSecond, burst: ResolverCore.questionBurst)
        /// Told when mappings or candidates change.
        var members: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var streams: [ObjectIdentifier: @Sendable () -> Void] = [:]
        /// What each mapping was when it was found last, down to the process.
        var seen: [String: ServiceIdentity] = [:]
    }

    let store: MappingStore
    let journal = Journal()
    private let state = Mutex(State())

    private init(_ store: MappingStore) { self.store = store }

    // MARK: One per file

    private static let cores = Mutex<[String: ResolverCore]>([:])

    /// The core of a file; "off" keeps mappings in memory. Lives as long as the process, so that
    /// what is in memory survives a reload. [config]
    static func core(of path: String) -> ResolverCore {
        cores.withLock { cores in
            if let core = cores[path] { return core }
            let file = path == "off" ? nil : MappingFile(path: path)
            let core = ResolverCore(MappingStore(file: file))
            cores[path] = core
            return core
        }
    }

    // MARK: Questions

    enum Admission {
        /// The caller finds the answer and calls `land`.
        case first
        /// Somebody else is finding it.
        case joined
        case answered(Resolution)
    }

    /// Takes a question: one flight per key.
    ///
    /// - Parameter version: Of the candidates that there are now.
    func admit(
        _ question: Question, version: UInt64, _ delivery: @escaping Delivery
    ) -> Admission {
        let now = Clock.monotonic
        return state.withLock { state in
            let key = question.key
            if let waiting = state.flights[key] {
                guard waiting.count < Self.waiterCountMax else { return .answered(.busy) }
                state.flights[key]?.append(delivery)
                return .joined
            }
            if !question.isForced,
                let outcome = state.refusals.current(key, version: version, now: now)
            {
                return .answered(outcome)
            }
            guard state.flights.count < Self.flightCountMax, state.bucket.take(now: now) else {
                return .answered(.busy)
            }
            state.flights[key] = [delivery]
            return .first
        }
    }

    /// Ends a flight: everybody who waits for it gets the outcome.
    func land(_ key: String, _ outcome: Resolution) {
        let waiting = state.withLock { $0.flights.removeValue(forKey: key) ?? [] }
        for delivery in waiting { delivery(outcome) }
    }

    func mayAskModel(_ question: Question) -> Bool {
        question.isForced
            || state.withLock { $0.refusals.mayAskModel(question.key, now: Clock.monotonic) }
    }

    func refuse(
        _ key: String, _ outcome: Resolution, version: UInt64, ttl: UInt64, askedModel: Bool
    ) {
        state.withLock {
            $0.refusals.refuse(
                key, outcome, version: version, now: Clock.monotonic, ttl: ttl,
                askedModel: askedModel)
        }
    }

    func forgetRefusal(of key: String) { state.withLock { $0.refusals.forget(key) } }

    // MARK: What was seen

    func seen(_ key: String) -> ServiceIdentity? { state.withLock { $0.seen[key] } }

    /// nil: the mapping is another one now.
    func see(_ key: String, _ identity: ServiceIdentity?) {
        state.withLock { $0.seen[key] = identity }
    }

    // MARK: Who wants to know of changes

    func join(_ member: AnyObject, _ onChange: @escaping @Sendable () -> Void) {
        state.withLock { $0.members[ObjectIdentifier(member)] = onChange }
    }

    func leave(_ member: AnyObject) {
        state.withLock { $0.members[ObjectIdentifier(member)] = nil }
    }

    /// Mappings or candidates are others now: tables are made anew, and streams told. [any]
    func changed() {
        let (members, streams) = state.withLock {
            (Array($0.members.values), Array($0.streams.values))
        }
        for onChange in members + streams { onChange() }
    }

    /// Something was logged or decided: only streams are told. [any]
    func noted() {
        for onChange in state.withLock({ Array($0.streams.values) }) { onChange() }
    }

    /// - Returns: Whether there is room for another stream of events.
    func watch(_ stream: AnyObject, max: Int, _ onChange: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.streams.count < max else { return false }
            state.streams[ObjectIdentifier(stream)] = onChange
            return true
        }
    }

    func unwatch(_ stream: AnyObject) {
        state.withLock { $0.streams[ObjectIdentifier(stream)] = nil }
    }
}
