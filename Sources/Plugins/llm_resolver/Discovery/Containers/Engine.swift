// One container engine: listens to its events, keeps records of its running containers.
import PluginSDK

/// On the first worker only.
///
/// The events say that something changed, never what is true: after one the engine is asked for
/// its list and for the containers that are new or were named. Listening begins before the first
/// list is asked for, so that nothing falls in between.
final class Engine {
    let address: String
    /// By id.
    private(set) var records: [String: ContainerRecord] = [:]
    private(set) var isConnected = false
    private(set) var problem = ""

    private let changed: () -> Void
    private var scope: Scope
    private var endpoint: EngineEndpoint
    /// Counts bindings to a scope; what an earlier one began is void.
    private var epoch = 0
    private var events: RunningCall?
    private var hasEvents = false
    private var listing: EngineListing?
    private var isListingDue = false
    private var stale: Set<String> = []
    private var timer: Timer?
    private var pause = DiscoveryLimits.retryMin

    init(_ endpoint: EngineEndpoint, _ scope: Scope, _ changed: @escaping () -> Void) {
        address = endpoint.address
        self.endpoint = endpoint
        self.scope = scope
        self.changed = changed
    }

    var status: DiscoverySnapshot.EngineStatus {
        DiscoverySnapshot.EngineStatus(
            address: address, isConnected: isConnected, problem: problem,
            containerCount: records.count)
    }

    /// Begins, or begins anew with the handles of another watch. What is known stays known.
    func start(_ endpoint: EngineEndpoint, _ scope: Scope) {
        stop()
        self.endpoint = endpoint
        self.scope = scope
        pause = DiscoveryLimits.retryMin
        connect()
    }

    func stop() {
        epoch += 1
        events?.cancel()
        events = nil
        hasEvents = false
        listing?.cancel()
        listing = nil
        timer = nil
    }

    // MARK: Events

    private func connect() {
        timer = nil
        if let path = endpoint.socketPath, !fileExists(path) { return wait() }
        let epoch = epoch
        let delegate = EngineEvents(
            opened: { [weak self] status in self?.opened(status, epoch) },
            each: { [weak self] event in self?.heard(event, epoch) },
            ended: { [weak self] reason in self?.ended(reason, epoch) })
        events = try? scope.start(EngineEvents.call(endpoint.pool), delegate: delegate)
        // An engine without events has a list all the same.
        list()
    }

    /// There is no engine, and it is no trouble to look for one again soon.
    private func wait() {
        let wasKnown = isConnected || !records.isEmpty || !problem.isEmpty
        records = [:]
        isConnected = false
        problem = ""
        if wasKnown { changed() }
        schedule(after: DiscoveryLimits.relistWithoutEvents)
    }

    private func opened(_ status: UInt16, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        hasEvents = status == 200
        if hasEvents { list() }
    }

    private func heard(_ event: EngineJSON.Event, _ epoch: Int) {
        guard epoch == self.epoch, hasEvents else { return }
        if let id = event.containerID { stale.insert(id) }
        isListingDue = true
        schedule(after: DiscoveryLimits.eventsGather)
    }

    private func ended(_ reason: String, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        events = nil
        let hadEvents = hasEvents
        hasEvents = false
        // The listing that is under way tells whether the engine is there.
        if hadEvents { retry(reason) }
    }

    // MARK: Lists

    private func list() {
        guard listing == nil else {
            isListingDue = true
            return
        }
        isListingDue = false
        let epoch = epoch
        let listing = EngineListing(
            scope: scope, endpoint: endpoint, known: records.filter { !stale.contains($0.key) }
        ) { [weak self] outcome in
            self?.listed(outcome, epoch)
        }
        stale = []
        self.listing = listing
        listing.start()
    }

    private func listed(_ outcome: EngineListing.Outcome, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        listing = nil
        switch outcome {
        case .success(let records):
            let isNew = self.records != records || !isConnected
            self.records = records
            isConnected = true
            problem = ""
            pause = DiscoveryLimits.retryMin
            if isNew { changed() }
            if isListingDue {
                schedule(after: DiscoveryLimits.eventsGather)
            } else {
                schedule(
                    after: hasEvents
                        ? DiscoveryLimits.relistEvery : DiscoveryLimits.relistWithoutEvents)
            }
        case .failure(let failure):
            lose(failure.reason)
        }
    }

    /// The engine does not answer: its containers are not known any more.
    private func lose(_ reason: String) {
        let wasKnown = isConnected || !records.isEmpty || problem != reason
        records = [:]
        isConnected = false
        problem = reason
        if wasKnown { changed() }
        retry(reason)
    }

    /// Begins anew after a pause, which grows.
    private func retry(_ reason: String) {
        problem = reason
        stop()
        schedule(after: pause)
        pause = min(pause * 2, DiscoveryLimits.retryMax)
    }

    private func schedule(after delay: UInt64) {
        let epoch = epoch
        let timer = Timer(scope: scope, worker: Worker(index: 0)) { [weak self] in
            guard let self, epoch == self.epoch else { return }
            if events == nil { connect() } else { list() }
        }
        try? timer.start(afterNanoseconds: delay)
        self.timer = timer
    }
}
