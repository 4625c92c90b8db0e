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
    /// The last attempt to write failed, and was logged.
    private let isFailing = Atomic<Bool>(false)
    private var timer: Timer?
    private var watch: DiscoveryWatch?

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
            composeProject: options.composeProject, hiddenMarks: options.hiddenMarks)
    }

    /// [config]
    func start() throws(PluginError) {
        do throws(FileError) {
            report(try core.store.load())
        } catch {
            throw PluginError(
                "\(error)",
                hint: "cache_file names a file that the gateway can write; off keeps "
                    + "mappings in memory")
        }
        core.join(self) { [weak self] in self?.publish() }
        publish()
        let watch = Discovery.watch(scope: scope)
        watch.onChange { [weak self] _ in
            self?.publish()
            self?.core.noted()
        }
        self.watch = watch
        let timer = Timer(scope: scope, worker: Worker(index: 0)) { [unowned self] in tick() }
        self.timer = timer
        // A host without loops (validate) has no ticks.
        try? timer.start(afterNanoseconds: Self.tickNanoseconds)
    }

    /// [config]
    func stop() {
        timer = nil
        if let watch { Discovery.release(watch) }
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

    private func routes(in snapshot: DiscoverySnapshot) -> [RouteEntry] {
        let now = Int64(Clock.wall / 1_000_000_000)
        var entries: [RouteEntry] = []
        for (key, mapping) in core.store.mappings where !isExpired(mapping, at: now) {
            let mapping = adopt(key, mapping, snapshot)
            guard let service = service(key, mapping, snapshot) else { continue }
            core.see(key, service.identity)
            entries.append(RouteEntry(key: key, service: service))
        }
        return entries.sorted { $0.key < $1.key }
    }

    /// The service of a mapping, if it is there and offered.
    func service(
        _ key: String, _ mapping: Mapping, _ snapshot: DiscoverySnapshot
    ) -> DiscoveredService? {
        let service = Placement.service(of: mapping, seen: core.seen(key), in: snapshot)
        guard let service, policy.refusal(of: service) == nil, !service.dialAddresses.isEmpty
        else { return nil }
        return service
    }

    /// A mapping that knows nothing but a port (older files, edits by hand) follows from now on the
    /// process that it finds there first.
    private func adopt(
        _ key: String, _ mapping: Mapping, _ snapshot: DiscoverySnapshot
    ) -> Mapping {
        guard mapping.kind == .process, mapping.identity == nil else { return mapping }
        let listening = policy.offered(snapshot).first {
            $0.candidate.kind == .process && $0.candidate.port == mapping.port
        }
        guard let listening else { return mapping }
        var mapping = mapping
        mapping.identity = Placement.identity(of: listening.candidate)
        core.store.set(key, to: mapping)
        return mapping
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

    /// Brings mappings to the file, and from it, unless that is under way: then the next tick does.
    /// [loop]
    func save() {
        guard
            isChecking.compareExchange(
                expected: false, desired: true, ordering: .relaxed
            ).exchanged
        else { return }
        do throws(Status) {
            try save { [self] _ in isChecking.store(false, ordering: .relaxed) }
        } catch {
            // The pool is full; the next tick comes.
            isChecking.store(false, ordering: .relaxed)
        }
    }

    /// The same at once; `done` hears on the calling worker whether all is in the file. [loop]
    func save(_ done: @escaping (Bool) -> Void) throws(Status) {
        try scope.submit(
            { [core] in Self.synchronise(core.store) },
            done: { [self] result in
                switch result {
                case .success(let events):
                    isFailing.store(false, ordering: .relaxed)
                    report(events)
                    if !events.isEmpty { core.changed() }
                    done(true)
                case .failure(let error):
                    if !isFailing.exchange(true, ordering: .relaxed) {
                        log(.error, "the cache file cannot be kept", [("error", "\(error)")])
                    }
                    done(false)
                }
            })
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
