// One handler's way from a question to an address. Steps that take time run on the work pool; what
// requests read is published to the workers when it changes.
import PluginSDK
import Synchronization

final class Resolver: @unchecked Sendable {
    private static let tickNanoseconds: UInt64 = 1_000_000_000

    let options: ResolverOptions
    let scope: Scope
    let core: ResolverCore
    let source: any CandidateSource
    let tieBreaker: (any TieBreaker)?
    let policy: OfferPolicy
    let tables = WorkerTables()
    /// One at a time makes a table.
    private let publishing = Mutex(())
    private let isChecking = Atomic<Bool>(false)
    private var timer: Timer?

    /// [config]
    init(
        _ options: ResolverOptions, scope: Scope, source: any CandidateSource,
        tieBreaker: (any TieBreaker)?
    ) {
        self.options = options
        self.scope = scope
        self.source = source
        self.tieBreaker = tieBreaker
        core = ResolverCore.core(of: options.cacheFile)
        policy = OfferPolicy(
            deniedPorts: options.deniedPorts, deniedNames: options.deniedNames,
            composeProject: options.composeProject)
    }

    /// [config]
    func start() throws(PluginError) {
        do throws(FileError) {
            report(try core.store.load())
        } catch {
            throw PluginError(
                "\(error)", hint: "cache_file names a file that the gateway can write; off keeps "
                    + "mappings in memory")
        }
        core.join(self) { [weak self] in self?.publish() }
        publish()
        let timer = Timer(scope: scope, worker: Worker(index: 0)) { [unowned self] in tick() }
        self.timer = timer
        // A host without loops (validate) has no ticks.
        try? timer.start(afterNanoseconds: Self.tickNanoseconds)
    }

    /// [config]
    func stop() {
        timer = nil
        core.leave(self)
        _ = try? core.store.save()
    }

    // MARK: What requests read

    /// Makes the table of names anew and gives it to the workers, unless it is as before. [any]
    func publish() {
        publishing.withLock { _ in
            let entries = routes(in: source.snapshot)
            guard entries != tables.current.entries else { return }
            tables.publish(RouteTable(entries))
        }
    }

    private func routes(in snapshot: Snapshot) -> [RouteEntry] {
        let now = Int64(Clock.wall / 1_000_000_000)
        let offered = policy.offered(snapshot.candidates)
        var entries: [RouteEntry] = []
        for (key, mapping) in core.store.mappings where !isExpired(mapping, at: now) {
            guard let candidate = Placement.candidate(of: mapping, in: offered),
                let entry = entry(key, candidate)
            else { continue }
            entries.append(entry)
        }
        return entries.sorted { $0.key < $1.key }
    }

    func entry(_ key: String, _ candidate: Candidate) -> RouteEntry? {
        let addresses = source.addresses(of: candidate)
        guard let first = addresses.first else { return nil }
        return RouteEntry(
            key: key, dial: first, otherDial: addresses.count > 1 ? addresses[1] : "")
    }

    func isExpired(_ mapping: Mapping, at now: Int64) -> Bool {
        options.cacheTTLSeconds > 0 && !mapping.isManual
            && now > mapping.createdAt + options.cacheTTLSeconds
    }

    // MARK: Now and then, on the first worker

    /// Looks whether somebody else changed the file, writes what is left to write, and lets mappings
    /// expire.
    private func tick() {
        try? timer?.start(afterNanoseconds: Self.tickNanoseconds)
        if options.cacheTTLSeconds > 0 { publish() }
        save()
    }

    /// Brings mappings to the file, and from it. [loop]
    func save() {
        guard isChecking.compareExchange(
            expected: false, desired: true, ordering: .relaxed).exchanged
        else { return }
        do throws(Status) {
            try scope.submit(
                { [core] in Self.synchronise(core.store) },
                done: { [self] result in
                    isChecking.store(false, ordering: .relaxed)
                    switch result {
                    case .success(let events):
                        report(events)
                        if !events.isEmpty { core.changed() }
                    case .failure(let error):
                        log(.error, "the cache file cannot be kept", [("error", "\(error)")])
                    }
                })
        } catch {
            // The pool is full; the next tick comes.
            isChecking.store(false, ordering: .relaxed)
        }
    }

    private static func synchronise(
        _ store: MappingStore
    ) -> Result<[MappingStore.Event], FileError> {
        Result { () throws(FileError) in try store.refresh() + store.save() }
    }

    private func report(_ events: [MappingStore.Event]) {
        for event in events {
            switch event {
            case .loaded: break
            case .changedOutside: log(.info, "the cache file was changed outside")
            case .unreadable(let reason, let name):
                log(
                    .warn, "the cache file is damaged and was kept aside",
                    [("error", reason), ("file", name)])
            case .skipped(let problem):
                log(.warn, "a mapping in the cache file is not used", [("error", problem)])
            }
        }
    }

    func log(_ level: LogLevel, _ message: String, _ fields: [(StaticString, String)] = []) {
        core.journal.log(level, message, fields, scope)
        core.noted()
    }
}
