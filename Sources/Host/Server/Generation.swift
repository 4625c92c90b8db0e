// What workers serve from: one immutable result of loading a configuration.
import Base
import CGateway
import HTTP
import Loader
import Logging
import Routing
import Transport

/// One handler of a chain as workers see it: plain values, no reference counting.
struct HandlerSlot {
    var ops: gw_http_handler_ops
    var instance: UnsafeMutableRawPointer?
    var stateSize: UInt32
    var hooks: HookSet
    /// For messages; the generation keeps it alive.
    var label: Unmanaged<HandlerLabel>
}

/// Who a handler is, in messages.
final class HandlerLabel: Sendable {
    let plugin: String
    let module: String

    init(plugin: String, module: String) {
        self.plugin = plugin
        self.module = module
    }
}

/// Times of one server, nanoseconds; `.max` is none.
struct ServerTimeouts: Sendable {
    var head = Limits.headTimeout
    var bodyIdle = Limits.bodyIdleTimeout
    var writeIdle = Limits.writeIdleTimeout
    var keepAlive = Limits.keepAliveTimeout
}

/// A configuration that serves. Built on the control thread, immutable once published; it lives as
/// long as an exchange runs on it.
final class Generation: @unchecked Sendable {
    let number: UInt64
    let names: NameTable
    let templates: TemplateTable
    let handlers: UnsafeMutablePointer<HandlerSlot>
    let handlerCount: Int
    /// Some handler may start a failed request over.
    let hasErrorHooks: Bool
    let routes: RoutesTable
    private let labels: [HandlerLabel]
    /// Servers by index of their endpoint.
    private let servers: [SiteServer?]
    let logs: GenerationLogs
    /// Keeps the instances; the last generation that uses one retires it.
    let instances: InstanceSet

    init(
        number: UInt64, names: NameTable, templates: TemplateTable,
        handlers: [HandlerSlot], labels: [HandlerLabel], routes: RoutesTable,
        servers: [SiteServer?], logs: GenerationLogs, instances: InstanceSet
    ) {
        self.number = number
        self.names = names
        self.templates = templates
        self.handlers = .allocate(capacity: max(1, handlers.count))
        self.handlers.initialize(from: handlers, count: handlers.count)
        handlerCount = handlers.count
        hasErrorHooks = handlers.contains { $0.hooks.contains(.error) }
        self.labels = labels
        self.routes = routes
        self.servers = servers
        self.logs = logs
        self.instances = instances
    }

    deinit { handlers.deallocate() }

    @inline(__always)
    func server(_ endpoint: Endpoint) -> SiteServer? {
        endpoint.index < servers.count ? servers[endpoint.index] : nil
    }
}

/// Loggers that workers use, resolved when the configuration was loaded.
struct GenerationLogs {
    let http: Logger
    let upstreams: Logger
    let plugins: Logger

    init(_ registry: LogRegistry) {
        http = registry.logger(named: "http")
        upstreams = registry.logger(named: "http.handlers.reverse_proxy")
        plugins = registry.logger(named: "plugin")
    }
}

/// A listening address. It outlives generations: a reload changes what is behind it, not the socket.
final class Endpoint: Sendable {
    /// Place in the tables of every generation.
    let index: Int
    let address: SocketAddress
    let port: UInt16

    init(index: Int, address: SocketAddress, port: UInt16) {
        self.index = index
        self.address = address
        self.port = port
    }
}
