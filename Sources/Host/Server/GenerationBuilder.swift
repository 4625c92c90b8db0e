// From the JSON of a configuration to a generation. Control thread only.
import Base
import CGateway
import HTTP
import Loader
import Logging
import Routing
import Transport

/// Builds one generation beside the running one. Nothing of it is seen by workers before it is
/// published; when a step fails, `abandon` gives back what was made.
final class GenerationBuilder {
    private let loader: PluginLoader
    private let instances: InstanceSet
    private let logs: LogRegistry
    private var handlers: [HandlerSlot] = []
    private var labels: [HandlerLabel] = []
    private lazy var modules = PluginModules(instances: instances, loader: loader)

    init(loader: PluginLoader, cache: InstanceCache, logs: LogRegistry) {
        self.loader = loader
        self.logs = logs
        instances = InstanceSet(cache: cache, loader: loader)
    }

    /// - Parameters:
    ///   - servers: With the index of their endpoint.
    ///   - tls: What the servers that speak TLS need for it, by name.
    ///   - placeholders: Configured objects that give placeholders.
    func build(
        number: UInt64, servers: [(endpoint: Int, server: ServerConfiguration)],
        tls: [String: ServerTLS], placeholders: [JSONValue]
    ) throws -> Generation {
        // Before anything that may contain a placeholder.
        let names = ControlPlane.names
        names.findPlaceholder = { [unowned self] (name, location) throws(RoutingError) in
            try self.modules.placeholder(name, at: location)
        }
        defer { names.findPlaceholder = nil }
        try modules.providePlaceholders(placeholders)
        var sites: [SiteServer?] = []
        var built: [String: SiteServer] = [:]
        for (endpoint, server) in servers {
            let site = try built[server.name] ?? makeSite(server, tls[server.name])
            built[server.name] = site
            while sites.count <= endpoint { sites.append(nil) }
            sites[endpoint] = site
        }
        return ControlPlane.withRegistries { registries in
            Generation(
                number: number, names: registries.names.snapshot(),
                templates: registries.templates.snapshot(), handlers: handlers, labels: labels,
                routes: registries.routes.snapshot(), servers: sites, logs: GenerationLogs(logs),
                instances: instances)
        }
    }

    /// Instances that are new with this generation; their workers are to be started.
    var fresh: [ModuleInstance] { instances.fresh }

    /// After a failure: cleans up what no running generation uses.
    func abandon() {
        for instance in instances.release() { instance.cleanUp() }
    }

    // MARK: Sites

    private func makeSite(_ server: ServerConfiguration, _ tls: ServerTLS?) throws
        -> SiteServer
    {
        let compiler = RouteCompiler(
            names: ControlPlane.names, namedRoutes: server.namedRoutes,
            matcher: { [unowned self] (name, value, location) throws(RoutingError) in
                try self.modules.matcher(name, value, at: location)
            }
        ) { [unowned self] (handler, location) throws(RoutingError) in
            try self.slot(handler, at: location)
        }
        ControlPlane.setCompiler(compiler)
        defer { ControlPlane.setCompiler(nil) }
        let program: RouteProgram
        do throws(RoutingError) {
            program = try compiler.compileServer(routes: server.routes, errors: server.errors)
        } catch {
            let path = "apps.http.servers.\(server.name)"
            throw ServerError(
                error.message,
                at: error.location.isEmpty ? path : "\(path).\(error.location)")
        }
        return SiteServer(
            name: server.name, program: program, timeouts: server.timeouts,
            headLimits: HeadLimits(
                startLineBytesMax: min(Limits.requestLineBytesMax, server.headBytesMax),
                headBytesMax: server.headBytesMax),
            collectBytesMax: Limits.collectBytesMax, tls: tls?.context, onDemand: tls?.onDemand,
            isSNIHostStrict: server.isSNIHostStrict, trust: try makeTrust(server),
            accessLog: try makeAccessLog(server))
    }

    /// Provisions the module instance for a handler object and gives it a slot.
    private func slot(_ handler: JSONValue, at location: String) throws(RoutingError) -> Int32 {
        guard var members = handler.objectValue, let name = members["handler"]?.stringValue else {
            throw RoutingError("a handler needs a member \"handler\"", at: location)
        }
        let id = "http.handlers.\(name)"
        guard let module = try loader.namedModule(id, at: location),
            case .httpHandler(let ops) = module.ops
        else {
            throw RoutingError("no loaded plugin has the module \(id)", at: location)
        }
        members["handler"] = nil
        let instance: ModuleInstance
        do throws(LoaderError) {
            instance = try instances.instance(of: module, json: .object(members))
        } catch {
            throw RoutingError("\(error)", at: location)
        }
        let label = HandlerLabel(plugin: module.plugin, module: module.id)
        labels.append(label)
        handlers.append(
            HandlerSlot(
                ops: ops.pointee, instance: instance.pointer, stateSize: module.stateSize,
                hooks: HookSet(ops.pointee, observesBodies: module.observesBodies),
                label: Unmanaged.passUnretained(label)))
        return Int32(handlers.count - 1)
    }

    private func makeTrust(_ server: ServerConfiguration) throws -> ProxyTrust? {
        guard let ranges = server.trustedRanges, !ranges.isEmpty else { return nil }
        return ProxyTrust(
            ranges: try AddressMatcher(ranges, at: "trusted_proxies"),
            fields: server.clientIPFields.map { FieldNames.intern($0) },
            isStrict: server.isTrustStrict)
    }

    private func makeAccessLog(_ server: ServerConfiguration) throws(ServerError) -> AccessLog? {
        guard let json = server.logs else { return nil }
        var object = try StrictObject(json, at: "apps.http.servers.\(server.name).logs")
        let defaultName = try object.string("default_logger_name")
        var byHost: [String: [Logger]] = [:]
        for (host, names) in object.take("logger_names")?.objectValue ?? [:] {
            let list =
                names.arrayValue?.compactMap(\.stringValue)
                ?? names.stringValue.map { [$0] } ?? []
            byHost[host] = list.map { accessLogger($0) }
        }
        let skipped = try object.strings("skip_hosts") ?? []
        let skipsUnmapped = try object.bool("skip_unmapped_hosts") ?? false
        let logsCredentials = try object.bool("should_log_credentials") ?? false
        _ = try object.bool("trace")
        try object.finish()
        return AccessLog(
            byDefault: accessLogger(defaultName ?? ""), byHost: byHost, skippedHosts: skipped,
            skipsUnmapped: skipsUnmapped, logsCredentials: logsCredentials)
    }

    private func accessLogger(_ name: String) -> Logger {
        logs.logger(named: name.isEmpty ? "http.log.access" : "http.log.access.\(name)")
    }
}

extension HookSet {
    /// The kinds of hooks that a module's table has.
    init(_ ops: gw_http_handler_ops, observesBodies: Bool) {
        self = []
        if ops.on_request_body != nil {
            insert(.requestBody)
            if !observesBodies { insert(.requestBodyChange) }
        }
        if ops.on_response != nil { insert(.response) }
        if ops.on_response_body != nil {
            insert(.responseBody)
            if !observesBodies { insert(.responseBodyChange) }
        }
        if ops.on_complete != nil { insert(.complete) }
        if ops.on_cancel != nil { insert(.cancel) }
        if ops.on_request_trailers != nil { insert(.requestTrailers) }
        if ops.on_response_trailers != nil { insert(.responseTrailers) }
        if ops.on_error != nil { insert(.error) }
    }
}
