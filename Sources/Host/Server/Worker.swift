// One worker: an event loop with its connections, pools, scratch memory and generation.
import Base
import CGateway
import HTTP
import Loader
import Logging
import Routing
import Synchronization
import Transport

/// Everything that one thread serves with. Nothing of it is shared but what says so.
final class Worker: @unchecked Sendable {
    let index: Int
    let loop: EventLoop
    let workPool: WorkPool
    let lookups: Lookups
    let pools: UpstreamPools
    let descriptors: DescriptorBudget
    let onDemand: OnDemandCertificates
    private(set) var generation: Generation
    private(set) var isDraining = false

    // Scratch memory of the turn.
    let readBuffer: UnsafeMutableRawBufferPointer
    let writeBuffer: UnsafeMutableRawBufferPointer
    /// Where parsers put field tables.
    let fieldTable: UnsafeMutablePointer<gw_field>
    let trailers = TrailerScratch()
    /// Nil when the system gives no pipe; bodies are copied then.
    let splicePipe = try? SplicePipe()
    /// Output of a body hook, while the next hook or the stream reads it.
    var hookScratch = ByteQueue()

    // Clock.
    private(set) var date = HTTPDate(unixSeconds: 0)
    private(set) var wallNanoseconds: Int64 = 0
    private var dateSecond: Int64 = -1
    private var wallOffset: Int64 = 0

    /// By slot of the upstream.
    private var workerPools: [WorkerPool?] = []
    /// Pools for addresses that requests named, by a hash of what they were made of.
    private var dynamicPools: [Int: [DynamicPool]] = [:]
    /// Those that were asked for last, each where a cheap hash of its address puts it.
    private var recentPools = [DynamicPool?](
        repeating: nil, count: Limits.recentUpstreams)
    var clientCalls: [UInt64: ClientCall] = [:]
    /// Tickets of the calls by owner.
    var callsOf: [ObjectIdentifier: Set<UInt64>] = [:]
    private var freeExchanges: [Exchange] = []
    private var retiringExchanges: [Exchange] = []
    private var exchangeCounter: UInt64 = 0
    private var connections: [ObjectIdentifier: H1ServerConnection] = [:]
    private var upstreams: [ObjectIdentifier: H1UpstreamConnection] = [:]
    private var dying: [AnyObject] = []
    private(set) var listeners: [Listener] = []

    // Descriptors (Worker+Descriptors).
    let acceptTimer: TimerWheel.Node
    var isAcceptPaused = false
    /// Connections that wait for their next request; other workers read it.
    let idleClients = Atomic<Int>(0)
    var nextIdleSearch: UInt64 = 0
    /// Upstream connections that wait for a descriptor.
    var starved: [H1UpstreamConnection] = []

    var tickets = TicketTable()
    let logProducer: LogProducer
    /// The checking host is on.
    let isChecking = ContractCheck.isEnabled

    // Work for the end of the turn.
    private var readsDue: [ReadDue] = []
    private var pumpsDue: [Exchange] = []
    /// What the end of the turn is working on; the memory alternates with that of the lists above.
    private var readsUnderWay: [ReadDue] = []
    private var pumpsUnderWay: [Exchange] = []
    var resumesUnderWay: [TicketTable.Due] = []

    private enum ReadDue {
        case server(H1ServerConnection)
        case upstream(H1UpstreamConnection)
    }

    init(
        index: Int, workPool: WorkPool, lookups: Lookups, pools: UpstreamPools,
        descriptors: DescriptorBudget, onDemand: OnDemandCertificates, generation: Generation,
        logProducer: LogProducer
    ) throws(SystemError) {
        self.index = index
        self.workPool = workPool
        self.lookups = lookups
        self.pools = pools
        self.descriptors = descriptors
        self.onDemand = onDemand
        self.generation = generation
        self.logProducer = logProducer
        loop = try EventLoop()
        readBuffer = .allocate(byteCount: Limits.readBufferBytes, alignment: 64)
        writeBuffer = .allocate(byteCount: Limits.writeBufferBytes, alignment: 64)
        fieldTable = .allocate(capacity: Limits.headFieldsMax)
        acceptTimer = .allocate(capacity: 1)
        acceptTimer.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<Worker>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.acceptTimerFired()
                }
            })
        loop.endOfTurnContext = Unmanaged.passUnretained(self).toOpaque()
        loop.endOfTurn = { context in
            Unmanaged<Worker>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.endTurn() }
        }
        loop.startOfTurnContext = loop.endOfTurnContext
        loop.startOfTurn = { context in
            Unmanaged<Worker>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.updateClock() }
        }
        updateClock()
    }

    deinit {
        readBuffer.deallocate()
        writeBuffer.deallocate()
        fieldTable.deallocate()
        acceptTimer.deallocate()
    }

    /// The body of the worker's thread.
    func runThread() {
        ThreadRole.current = .loop(UInt32(index))
        loop.run()
    }

    // MARK: Turn

    /// Once per turn: the wall clock in seconds is read only when a second has passed.
    private func updateClock() {
        if wallOffset == 0 || loop.now / Limits.second != UInt64(bitPattern: dateSecond) {
            wallOffset = Int64(WallClock.nanoseconds()) - Int64(loop.now)
            dateSecond = Int64(loop.now / Limits.second)
            date = HTTPDate(unixSeconds: (Int64(loop.now) + wallOffset) / Int64(Limits.second))
        }
        wallNanoseconds = Int64(loop.now) + wallOffset
    }

    private func endTurn() {
        while !readsDue.isEmpty || !pumpsDue.isEmpty || tickets.hasDue {
            resumeDue()
            swap(&readsDue, &readsUnderWay)
            for read in readsUnderWay {
                switch read {
                case .server(let connection): connection.scheduledRead()
                case .upstream(let connection): connection.scheduledRead()
                }
            }
            readsUnderWay.removeAll(keepingCapacity: true)
            swap(&pumpsDue, &pumpsUnderWay)
            for exchange in pumpsUnderWay { exchange.pumpAnswer() }
            pumpsUnderWay.removeAll(keepingCapacity: true)
        }
        if !retiringExchanges.isEmpty { recycleRetired() }
        if !dying.isEmpty { dying.removeAll(keepingCapacity: true) }
    }

    func scheduleRead(_ connection: H1ServerConnection) { readsDue.append(.server(connection)) }
    func scheduleRead(_ connection: H1UpstreamConnection) { readsDue.append(.upstream(connection)) }
    func schedulePump(_ exchange: Exchange) { pumpsDue.append(exchange) }

    /// Runs a closure on this worker's thread, from the top of its loop. [any thread]
    func run(_ body: @escaping () -> Void) {
        let job = ClosureJob(body)
        loop.post(
            EventLoop.Job(argument: Unmanaged.passRetained(job).toOpaque()) { argument in
                guard let argument else { return }
                Unmanaged<ClosureJob>.fromOpaque(argument).takeRetainedValue().body()
            })
    }

    // MARK: Exchanges

    func takeExchange() -> Exchange {
        if isChecking { return Exchange(worker: self) }
        return freeExchanges.popLast() ?? Exchange(worker: self)
    }

    func nextExchangeID() -> UInt64 {
        exchangeCounter += 1
        return UInt64(index) << 48 | exchangeCounter
    }

    /// False when so many have ended in this turn that the next request waits for another one.
    var mayBeginExchange: Bool { retiringExchanges.count < Limits.exchangesPerTurnMax }

    /// Goes on with what a client has sent when this turn is over.
    func continueNextTurn(_ connection: H1ServerConnection) {
        run { connection.continueDeferred() }
    }

    /// The exchange is over; somebody up the stack may still be using it in this turn.
    func scheduleRecycling(_ exchange: Exchange) { retiringExchanges.append(exchange) }

    func recycle(_ exchange: Exchange) {
        if isChecking { return quarantine(exchange) }
        exchange.reset()
        if freeExchanges.count < Limits.freeExchangesMax { freeExchanges.append(exchange) }
    }

    /// While checking, an exchange is not used again soon: plugins may still hold its request.
    private func quarantine(_ exchange: Exchange) {
        exchange.poison()
        exchange.reset()
        freeExchanges.append(exchange)
        if freeExchanges.count > Limits.checkedExchangesKept { freeExchanges.removeFirst() }
    }

    private func recycleRetired() {
        for exchange in retiringExchanges { recycle(exchange) }
        retiringExchanges.removeAll(keepingCapacity: true)
    }

    // MARK: Connections

    func accepted(_ fd: Int32, _ peer: SocketAddress, _ endpoint: Endpoint) {
        let connection = H1ServerConnection(worker: self, endpoint: endpoint, fd: fd, peer: peer)
        connections[ObjectIdentifier(connection)] = connection
        descriptors.addClient()
        connection.open()
    }

    /// A connection has closed itself; it is freed when the turn is over.
    func release(_ connection: H1ServerConnection) {
        if let known = connections.removeValue(forKey: ObjectIdentifier(connection)) {
            dying.append(known)
            descriptors.removeClient()
            descriptorFreed()
        }
    }

    func retain(_ connection: H1UpstreamConnection) {
        upstreams[ObjectIdentifier(connection)] = connection
        descriptors.addUpstream()
    }

    func release(_ connection: H1UpstreamConnection) {
        if let known = upstreams.removeValue(forKey: ObjectIdentifier(connection)) {
            dying.append(known)
            descriptors.removeUpstream()
            descriptorFreed()
        }
    }

    // MARK: Upstream pools

    func pool(_ shared: UpstreamPool) -> WorkerPool {
        let slot = shared.slot
        if slot < workerPools.count, let pool = workerPools[slot], pool.shared === shared {
            return pool
        }
        let pool = WorkerPool(worker: self, shared: shared)
        // For a call that got hold of an upstream just before its end: it lives as long as the call.
        guard !shared.isClosed.load(ordering: .acquiring) else { return pool }
        while workerPools.count <= slot { workerPools.append(nil) }
        if let earlier = workerPools[slot] { drop(earlier.shared) }
        workerPools[slot] = pool
        return pool
    }

    /// A pool that a plugin opened; nil for a handle that never was one or whose pool has ended.
    func knownPool(_ id: UInt32) -> UpstreamPool? {
        let slot = UpstreamPool.slot(of: id)
        if slot < workerPools.count, let pool = workerPools[slot], pool.shared.id == id {
            return pool.shared
        }
        return pools.pool(id).map { pool($0).shared }
    }

    /// The pool like another one that dials elsewhere; nil when there are too many, or `dial` is no
    /// address. Known ones cost one look-up and no lock.
    func dynamicPool(like pool: UpstreamPool, dial: UnsafeRawBufferPointer) -> UpstreamPool? {
        let recent = recentIndex(dial)
        if let known = recentPools[recent], known.isFor(pool, dial) {
            known.pool.noteWanted()
            return known.pool
        }
        var hasher = Hasher()
        hasher.combine(pool.id)
        hasher.combine(bytes: dial)
        let hash = hasher.finalize()
        if let known = dynamicPools[hash] {
            for one in known where one.isFor(pool, dial) {
                recentPools[recent] = one
                one.pool.noteWanted()
                return one.pool
            }
        }
        let text = String(decoding: dial, as: UTF8.self)
        guard let target = DialTarget(text) else { return nil }
        let (found, evicted) = pools.open(like: pool, dial: text, target: target)
        if let evicted { Workers.drop(evicted) }
        guard let found else { return nil }
        // Noted where `drop` finds it.
        self.pool(found).dynamicKeys.append(hash)
        dynamicPools[hash, default: []].append(DynamicPool(like: pool.id, pool: found))
        return found
    }

    private func recentIndex(_ dial: UnsafeRawBufferPointer) -> Int {
        var hash = UInt(0)
        for byte in dial { hash = hash &* 31 &+ UInt(byte) }
        return Int(hash % UInt(recentPools.count))
    }

    /// An upstream has ended: kept connections are closed, calls under way go on.
    func drop(_ shared: UpstreamPool) {
        let slot = shared.slot
        guard slot < workerPools.count, let pool = workerPools[slot], pool.shared === shared
        else { return }
        workerPools[slot] = nil
        for key in pool.dynamicKeys {
            dynamicPools[key]?.removeAll { $0.pool === shared }
            if dynamicPools[key]?.isEmpty == true { dynamicPools[key] = nil }
        }
        for index in recentPools.indices where recentPools[index]?.pool === shared {
            recentPools[index] = nil
        }
        pool.retire()
    }

    // MARK: Configuration of an endpoint

    func tlsContext(_ endpoint: Endpoint) -> TLSServerContext? {
        generation.server(endpoint)?.tls
    }

    /// A certificate for a name that the context of an endpoint does not have.
    func findCertificate(
        _ name: String, _ endpoint: Endpoint, _ waiter: OnDemandCertificates.Waiter
    ) -> OnDemandCertificates.Outcome {
        guard let policy = generation.server(endpoint)?.onDemand else { return .refused }
        return onDemand.find(name, policy, waiter)
    }

    /// Nanoseconds since 1970, as of the turn.
    var now: UInt64 { UInt64(clamping: wallNanoseconds) }

    func timeouts(_ endpoint: Endpoint) -> ServerTimeouts {
        generation.server(endpoint)?.timeouts ?? ServerTimeouts()
    }

    func headLimits(_ endpoint: Endpoint) -> HeadLimits {
        generation.server(endpoint)?.headLimits ?? .request
    }

    // MARK: Generations and listeners (jobs from the control thread)

    func publish(_ generation: Generation) { self.generation = generation }

    func add(_ listener: Listener) {
        listeners.append(listener)
        listener.open(self)
    }

    func removeListener(_ endpoint: Endpoint) {
        for listener in listeners where listener.endpoint === endpoint { listener.close() }
        listeners.removeAll { $0.endpoint === endpoint }
    }

    /// Stops to accept, ends idle connections and lets the others finish.
    func drain() {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners.removeAll()
        for connection in connections.values { connection.drain() }
        closeKeptUpstreams()
    }

    var openConnections: Int { connections.count }

    /// Connections that wait for their next request, longest waiting first.
    var idleConnections: [H1ServerConnection] {
        connections.values.filter(\.isIdle).sorted { $0.deadline < $1.deadline }
    }

    func closeKeptUpstreams() {
        for pool in workerPools { pool?.closeIdle() }
    }

    func closeAll() {
        for connection in connections.values { connection.terminate() }
        for connection in upstreams.values { connection.close() }
    }
}

/// A pool that was made for an address in a request, and the configured one that it resembles.
private struct DynamicPool {
    let like: UInt32
    let pool: UpstreamPool

    func isFor(_ like: UpstreamPool, _ dial: UnsafeRawBufferPointer) -> Bool {
        self.like == like.id && !pool.isClosed.load(ordering: .relaxed)
            && pool.dialText.isEqual(dial)
    }
}

/// A closure on its way to a worker; for the control plane.
private final class ClosureJob {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}
