// Discovery for the whole process: one set of looks, whoever watches.
import PluginSDK
import Synchronization

/// What listens on this machine, kept fresh in the background while somebody watches.
///
/// Instances of the handler and other plugins (through the service discovery/1) watch; all of
/// them, before and after a reload, share one series of looks and one snapshot.
enum Discovery {
    private static let center = DiscoveryCenter()

    /// Begins to watch. Every watch is released by its owner's cleanup. [config]
    ///
    /// - Parameter scope: Of the watching instance; what discovery needs of the host belongs to the
    ///   scope of one of the watches.
    static func watch(scope: Scope) -> DiscoveryWatch {
        center.add(DiscoveryWatch(scope: scope, engines: EngineEndpoint.all(scope)))
    }

    /// [config]
    static func release(_ watch: DiscoveryWatch) { center.remove(watch) }

    /// Counts snapshots that differ. Takes no lock. [any]
    static var generation: UInt64 { center.generation }

    /// The newest one. For one request after another compare `generation` first. [any]
    static var snapshot: DiscoverySnapshot { center.snapshot }

    /// Whether the newest snapshot says what was there less than `age` ago. [any]
    static func isFresh(within age: UInt64) -> Bool { center.isFresh(within: age) }

    /// Gives a snapshot that says what was there less than `age` ago: at once if there is one, else
    /// after a look that begins now. Many who ask at the same time wait for the same look.
    ///
    /// - Parameter done: Called on the calling thread at once, or later on the first worker. [any]
    static func refresh(
        olderThan age: UInt64 = 1_000_000_000,
        _ done: @escaping @Sendable (DiscoverySnapshot) -> Void
    ) {
        center.refresh(olderThan: age, done)
    }

    /// The same for async handlers.
    static func refreshed(olderThan age: UInt64 = 1_000_000_000) async -> DiscoverySnapshot {
        await withCheckedContinuation { continuation in
            refresh(olderThan: age) { continuation.resume(returning: $0) }
        }
    }
}

/// One watching instance.
final class DiscoveryWatch: @unchecked Sendable {
    let scope: Scope
    /// With their pools, which belong to the scope.
    let engines: [EngineEndpoint]
    private let listener = Mutex<(@Sendable (DiscoverySnapshot) -> Void)?>(nil)

    init(scope: Scope, engines: [EngineEndpoint]) {
        self.scope = scope
        self.engines = engines
    }

    /// Sets who hears of every new snapshot, on the first worker, until the watch is released; it
    /// must not call this function. Waits for a call that is under way. [any]
    func onChange(_ listener: (@Sendable (DiscoverySnapshot) -> Void)?) {
        self.listener.withLock { $0 = listener }
    }

    func tell(_ snapshot: DiscoverySnapshot) {
        listener.withLock { $0?(snapshot) }
    }
}
