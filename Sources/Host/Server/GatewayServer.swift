// The control plane: configurations in, generations out, workers from start to stop.
package import Base
import CGateway
import Certificates
package import Loader
package import Logging
import Routing
import Synchronization
import Transport

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

package struct ServerOptions: Sendable {
    /// Event loops.
    package var workers: Int
    package var environment: [String: String]

    package init(workers: Int, environment: [String: String]) {
        self.workers = workers
        self.environment = environment
    }
}

/// The running gateway as its control thread sees it. Every call on that one thread.
package final class GatewayServer {
    private let loader: PluginLoader
    private let logs: LogSystem
    private let options: ServerOptions
    private let cache = InstanceCache()
    private let workPool: WorkPool
    private let lookups = Lookups()
    private let descriptors = DescriptorBudget.ofProcess()
    private var workers: [Worker] = []
    private var threads: [pthread_t] = []
    private var endpoints: [ListenAddress: Endpoint] = [:]
    private var endpointCount = 0
    private var generation: Generation?
    private var generationCounter: UInt64 = 0
    /// Earlier generations that exchanges may still run on.
    private var retiring: [Generation] = []
    fileprivate let certificates: CertificateService
    private let onDemand: OnDemandCertificates
    private var lastConfiguration: JSONValue?
    private var renewalDue: Int64?
    private var poolSearchDue: Int64 = 0
    private(set) var logRegistry: LogRegistry
    /// Files beside the configuration that the last one was made from, the attempt included when
    /// it was refused.
    package private(set) var filesRead: [String: FileDigest] = [:]

    package init(loader: PluginLoader, logs: LogSystem, options: ServerOptions) throws {
        self.loader = loader
        self.logs = logs
        self.options = options
        logRegistry = try logs.makeRegistry(nil)
        certificates = CertificateService(
            directory: CertificateStore.defaultDirectory(environment: options.environment))
        onDemand = OnDemandCertificates(service: certificates)
        workPool = WorkPool(threadsMax: max(2, options.workers))
        PluginLogs.use(logRegistry)
        try startWorkers()
    }

    // MARK: Configurations

    /// Builds the generation of a configuration beside the running one and switches to it. When
    /// anything fails, nothing has changed.
    package func apply(_ config: JSONValue) throws {
        maintain()
        FilesRead.begin()
        do {
            try replaceGeneration(config)
            filesRead = FilesRead.sinceBegin.merging(generation?.instances.files ?? [:]) { $1 }
        } catch {
            // What was not read any more counts as seen: it alone does not make the rest better.
            let earlier = filesRead.keys.map { ($0, FileDigest(ofFile: $0)) }
            filesRead = FilesRead.sinceBegin.merging(earlier) { noted, _ in noted }
            throw error
        }
    }

    private func replaceGeneration(_ config: JSONValue) throws {
        let registry = try logs.makeRegistry(config["logging"])
        let plan = try Plan(config, server: self, logger: registry.logger(named: "tls"))
        let builder = GenerationBuilder(loader: loader, cache: cache, logs: registry)
        let next: Generation
        do {
            next = try build(plan, builder)
        } catch {
            builder.abandon()
            throw error
        }
        var opened: [(Endpoint, [Int32])] = []
        do {
            opened = try openSockets(plan)
            try startInstances(builder.fresh)
        } catch {
            closeSockets(opened)
            stopInstances(builder.fresh)
            builder.abandon()
            throw error
        }
        publish(next, registry, opened)
        closeUnused(plan)
        lastConfiguration = config
        renewalDue = plan.renewalDue
    }

    /// Provisions everything and throws it away.
    package func validate(_ config: JSONValue) throws {
        let registry = try logs.makeRegistry(config["logging"])
        let plan = try Plan(
            config, server: self, logger: registry.logger(named: "tls"), isRehearsal: true)
        let builder = GenerationBuilder(loader: loader, cache: cache, logs: registry)
        defer { builder.abandon() }
        _ = try build(plan, builder)
    }

    private func build(_ plan: Plan, _ builder: GenerationBuilder) throws -> Generation {
        let tlsLogger = logRegistry.logger(named: "tls")
        for warning in plan.warnings { tlsLogger.warn(warning) }
        for hint in certificates.takeHints() { tlsLogger.info(hint) }
        generationCounter += 1
        return try builder.build(
            number: generationCounter,
            servers: plan.listeners.map { (plan.endpoint($0.address).index, $0.server) },
            tls: plan.encryption, placeholders: plan.placeholders)
    }

    /// Addresses that are served, as bound.
    package var listening: [String] {
        endpoints.keys.map { $0.isUnix ? "unix/\($0.address)" : "\($0.address):\($0.port)" }
            .sorted()
    }

    /// Chores: retired generations, certificates that are due. About once a second.
    package func maintain() {
        retireGenerations()
        let now = Int64(WallClock.nanoseconds() / Limits.second)
        dropUnwantedPools(now)
        guard let due = renewalDue, now >= due, let lastConfiguration else { return }
        renewalDue = nil
        do {
            try apply(lastConfiguration)
        } catch {
            renewalDue = now + 3600
            logRegistry.logger(named: "tls").error("certificates could not be renewed: \(error)")
        }
    }

    /// Upstreams that only requests named, and none for a while.
    private func dropUnwantedPools(_ now: Int64) {
        guard now >= poolSearchDue else { return }
        poolSearchDue = now + Limits.unwantedPoolSeconds
        for pool in Workers.pools.evictUnwanted() { Workers.drop(pool) }
    }

    // MARK: Publishing

    private func publish(
        _ next: Generation, _ registry: LogRegistry, _ opened: [(Endpoint, [Int32])]
    ) {
        logs.activate(registry)
        PluginLogs.use(registry)
        logRegistry = registry
        onEveryWorker { worker in
            worker.publish(next)
            for (endpoint, sockets) in opened {
                worker.add(Listener(endpoint: endpoint, fd: sockets[worker.index]))
            }
        }
        if let old = generation { retiring.append(old) }
        generation = next
    }

    private func startInstances(_ fresh: [ModuleInstance]) throws {
        let failure = Mutex<String?>(nil)
        onEveryWorker { worker in
            for instance in fresh {
                do {
                    try instance.startWorker(UInt32(worker.index))
                } catch {
                    failure.withLock { $0 = "\(error)" }
                }
            }
        }
        if let message = failure.withLock({ $0 }) { throw ServerError(message) }
    }

    private func stopInstances(_ ended: [ModuleInstance]) {
        guard !ended.isEmpty else { return }
        onEveryWorker { worker in
            for instance in ended { instance.stopWorker(UInt32(worker.index)) }
        }
    }

    /// Ends the instances of generations that no exchange runs on any more.
    private func retireGenerations() {
        var kept: [Generation] = []
        while var old = retiring.popLast() {
            guard isKnownUniquelyReferenced(&old) else {
                kept.append(old)
                continue
            }
            let ended = old.instances.release()
            stopInstances(ended)
            for instance in ended { instance.cleanUp { [weak self] in self?.settle() } }
        }
        retiring = kept.reversed()
    }

    /// Waits until every worker has done what was posted to it and is in no callback of a plugin.
    /// A worker that lets an instance go itself cannot wait for the others.
    private func settle() {
        if case .loop = ThreadRole.current { return }
        onEveryWorker { _ in }
    }

    // MARK: Sockets

    private func openSockets(_ plan: Plan) throws -> [(Endpoint, [Int32])] {
        var opened: [(Endpoint, [Int32])] = []
        do {
            for listener in plan.listeners where endpoints[listener.address] == nil {
                let endpoint = plan.endpoint(listener.address)
                opened.append((endpoint, try ListenerSockets.open(endpoint, count: workers.count)))
            }
        } catch {
            closeSockets(opened)
            throw error
        }
        for (endpoint, _) in opened {
            for listener in plan.listeners where plan.endpoint(listener.address) === endpoint {
                endpoints[listener.address] = endpoint
            }
        }
        return opened
    }

    /// Takes back what no worker has seen yet.
    private func closeSockets(_ opened: [(Endpoint, [Int32])]) {
        for (endpoint, sockets) in opened {
            for socket in sockets { Socket.close(socket) }
            endpoints = endpoints.filter { $0.value !== endpoint }
        }
    }

    private func closeUnused(_ plan: Plan) {
        let used = Set(plan.listeners.map(\.address))
        for (address, endpoint) in endpoints where !used.contains(address) {
            endpoints[address] = nil
            onEveryWorker { $0.removeListener(endpoint) }
        }
    }

    fileprivate func endpoint(_ address: ListenAddress) throws(ServerError) -> Endpoint {
        if let known = endpoints[address] { return known }
        defer { endpointCount += 1 }
        return Endpoint(index: endpointCount, address: try address.resolve(), port: address.port)
    }

    // MARK: Workers

    private func startWorkers() throws {
        let empty = ControlPlane.withRegistries { registries in
            Generation(
                number: 0, names: registries.names.snapshot(),
                templates: registries.templates.snapshot(), handlers: [], labels: [],
                routes: registries.routes.snapshot(), servers: [],
                logs: GenerationLogs(logRegistry),
                instances: InstanceSet(cache: cache, loader: loader))
        }
        for index in 0..<max(1, options.workers) {
            workers.append(
                try Worker(
                    index: index, workPool: workPool, lookups: lookups,
                    pools: Workers.pools, descriptors: descriptors, onDemand: onDemand,
                    generation: empty,
                    logProducer: logs.makeProducer()))
        }
        Workers.install(workers)
        for worker in workers {
            var thread = pthread_t()
            let context = Unmanaged.passUnretained(worker).toOpaque()
            let result = pthread_create(&thread, nil, runWorker, context)
            guard result == 0 else { throw SystemError(code: result, call: "pthread_create") }
            threads.append(thread)
        }
    }

    /// Runs a closure on every worker and waits for all of them.
    private func onEveryWorker(_ body: @escaping @Sendable (Worker) -> Void) {
        let done = Rendezvous(count: workers.count)
        for worker in workers {
            worker.run {
                body(worker)
                done.arrive()
            }
        }
        done.wait()
    }

    /// Stops accepting, lets exchanges finish, and ends the workers.
    ///
    /// - Returns: False when some had to be cut after `graceNanoseconds`.
    package func stop(graceNanoseconds: UInt64) -> Bool {
        onEveryWorker { $0.drain() }
        let deadline = WallClock.monotonicNanoseconds() &+ graceNanoseconds
        var isDone = isIdle()
        while !isDone, WallClock.monotonicNanoseconds() < deadline {
            var pause = timespec(tv_sec: 0, tv_nsec: 10_000_000)
            nanosleep(&pause, nil)
            isDone = isIdle()
        }
        if !isDone { onEveryWorker { $0.closeAll() } }
        for worker in workers { worker.loop.stop() }
        for thread in threads { pthread_join(thread, nil) }
        return isDone
    }

    private func isIdle() -> Bool {
        let open = Atomic<Int>(0)
        onEveryWorker { open.add($0.openConnections, ordering: .relaxed) }
        return open.load(ordering: .relaxed) == 0
    }
}

private func runWorker(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Worker>.fromOpaque(context).takeUnretainedValue().runThread()
    return nil
}

/// Servers, addresses and TLS contexts of one configuration, before handlers are provisioned.
private struct Plan {
    struct ListenerPlan {
        let address: ListenAddress
        let server: ServerConfiguration
    }

    private(set) var listeners: [ListenerPlan] = []
    /// Configured objects that give placeholders.
    let placeholders: [JSONValue]
    private(set) var encryption: [String: ServerTLS] = [:]
    private(set) var warnings: [String] = []
    private(set) var renewalDue: Int64?
    private var endpoints: [ListenAddress: Endpoint] = [:]

    /// - Parameter logger: Of the configuration, for TLS.
    init(
        _ config: JSONValue, server gateway: GatewayServer, logger: Logger,
        isRehearsal: Bool = false
    ) throws {
        try Self.refuseUnknown(config)
        let http = try HTTPApplication(config["apps"]?["http"] ?? [:])
        placeholders = http.placeholders
        var tls = try TLSPlan(
            config["apps"]?["tls"] ?? .null,
            authorities: try AuthorityConfiguration.read(config["apps"]?["pki"] ?? .null),
            httpPort: http.httpPort, httpsPort: http.httpsPort, isRehearsal: isRehearsal,
            service: gateway.certificates)
        var redirects = RedirectPlan(httpPort: http.httpPort, httpsPort: http.httpsPort)
        let now = Int64(WallClock.nanoseconds() / Limits.second)
        for server in http.servers {
            let ports = try server.addresses().map(\.port)
            encryption[server.name] = try tls.makeTLS(
                server, ports: ports, logger: logger, now: now)
            guard !server.automaticHTTPS.isDisabled, !server.automaticHTTPS.skipsRedirects,
                let port = ports.first(where: { tls.isEncrypted(server, port: $0) })
            else { continue }
            redirects.add(tls.managedNames(server), server, port: port)
        }
        warnings = tls.warnings
        renewalDue = tls.renewalDue
        for server in try redirects.apply(to: http.servers) {
            for address in try server.addresses() { try add(address, server, gateway) }
        }
    }

    /// Parts of a configuration that nobody here reads are errors, not decoration.
    private static func refuseUnknown(_ config: JSONValue) throws(ServerError) {
        var root = try StrictObject(config, at: "config")
        _ = root.take("admin")
        _ = root.take("logging")
        var apps = try StrictObject(root.take("apps") ?? [:], at: "apps")
        _ = apps.take("http")
        _ = apps.take("tls")
        _ = apps.take("pki")
        try apps.finish()
        try root.finish()
    }

    private mutating func add(
        _ address: ListenAddress, _ server: ServerConfiguration, _ gateway: GatewayServer
    ) throws(ServerError) {
        guard endpoints[address] == nil else {
            throw ServerError("two servers listen on \(address.text)")
        }
        endpoints[address] = try gateway.endpoint(address)
        listeners.append(ListenerPlan(address: address, server: server))
    }

    func endpoint(_ address: ListenAddress) -> Endpoint {
        guard let endpoint = endpoints[address] else {
            preconditionFailure("address \(address.text) was not planned")
        }
        return endpoint
    }
}
