// The member "health_checks.active": probes, which the plugin health runs.
import CGateway
import PluginSDK

/// What is probed and what is expected; the same for every upstream of a proxy.
struct ActiveHealth: Sendable {
    struct Service: @unchecked Sendable {
        let table: UnsafePointer<gw_health_status>
        let context: UnsafeMutableRawPointer?
    }

    private let uri: String
    private let method: String
    private let body: String
    private let pattern: String
    private let fields: [(name: String, value: String)]
    private let host: String
    /// Where probes go instead of the upstream; empty: to the upstream.
    private let otherAddress: String
    private let port: Int64
    private let limits: Limits

    /// - Returns: nil when no URI is configured: then there are no probes.
    init?(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let path = try configuration.string("path") ?? ""
        uri = try configuration.string("uri") ?? path
        method = try configuration.string("method")?.uppercased() ?? "GET"
        body = try configuration.string("body") ?? ""
        pattern = try configuration.string("expect_body") ?? ""
        otherAddress = try configuration.string("upstream") ?? ""
        port = try configuration.int("port") ?? 0
        var fields: [(name: String, value: String)] = []
        for (name, values) in try configuration.stringLists("headers") {
            for value in values { fields.append((name, try scope.evaluate(value))) }
        }
        host = fields.last { $0.name.lowercased() == "host" }?.value ?? ""
        self.fields = fields.filter { $0.name.lowercased() != "host" }
        if try configuration.bool("follow_redirects") == true {
            throw .unsupported("health_follow_redirects")
        }
        limits = try Limits(configuration: &configuration)
        guard uri.isEmpty else { return }
        return nil
    }

    /// The numbers of a specification, with Caddy's defaults.
    private struct Limits: Sendable {
        /// A code, or one digit for a class.
        let status: UInt32
        let passes: UInt32
        let fails: UInt32
        let intervalNanoseconds: UInt64
        let timeoutNanoseconds: UInt64
        let bodyBytesMax: UInt64

        init(configuration: inout Configuration) throws(PluginError) {
            status = UInt32(clamping: try configuration.int("expect_status") ?? 2)
            passes = UInt32(clamping: max(1, try configuration.int("passes") ?? 1))
            fails = UInt32(clamping: max(1, try configuration.int("fails") ?? 1))
            let interval = try configuration.duration("interval") ?? 0
            intervalNanoseconds = interval > 0 ? UInt64(interval) : 30_000_000_000
            let timeout = try configuration.duration("timeout") ?? 0
            timeoutNanoseconds = timeout > 0 ? UInt64(timeout) : 5_000_000_000
            let size = try configuration.int("max_size") ?? 0
            bodyBytesMax = size > 0 ? UInt64(size) : 1 << 20
        }
    }

    /// The service of the plugin health.
    func service(_ scope: Scope) throws(PluginError) -> Service {
        guard let bound = try scope.bind(GW_SERVICE_HEALTH_STATUS) else {
            throw PluginError(
                "active health checks need the plugin \"health\", which is not loaded",
                hint: "put health.so beside the other plugins, or remove health_uri")
        }
        return Service(
            table: bound.table.assumingMemoryBound(to: gw_health_status.self),
            context: bound.context)
    }

    /// Begins to watch the upstream behind an address.
    func watch(
        _ dial: String, traffic: Pool, _ transport: Transport, _ service: Service, _ scope: Scope
    ) throws(PluginError) -> OpaquePointer {
        var texts = ViewArena()
        defer { texts.free() }
        let pool = try scope.pool(transport.spec(dial: probeAddress(dial)))
        let regex = pattern.isEmpty ? nil : try scope.regex(pattern)
        let fields = fields.map {
            gw_client_field(name: texts.view($0.name), value: texts.view($0.value))
        }
        var watch: OpaquePointer?
        let code = fields.withUnsafeBufferPointer { fields in
            var spec = gw_health_spec(
                struct_size: UInt32(MemoryLayout<gw_health_spec>.size), rev: 0,
                scope: scope.pointer, upstream: texts.view(dial), pool: pool.rawValue,
                traffic: traffic.rawValue, method: texts.view(method), uri: texts.view(uri),
                host: texts.view(host), fields: fields.baseAddress, field_count: fields.count,
                body: texts.view(body), body_pattern: texts.view(pattern),
                pattern: regex?.rawValue ?? 0, status: limits.status, passes: limits.passes,
                fails: limits.fails, interval_ns: limits.intervalNanoseconds,
                timeout_ns: limits.timeoutNanoseconds, body_bytes_max: limits.bodyBytesMax)
            return service.table.pointee.watch(service.context, &spec, &watch)
        }
        guard code == GW_OK, let watch else {
            throw PluginError("the plugin health refuses to probe \(dial) (status \(code))")
        }
        return watch
    }

    private func probeAddress(_ dial: String) -> String {
        var address = otherAddress.isEmpty ? dial : otherAddress
        guard port > 0, !address.hasPrefix("unix/") else { return address }
        if let colon = address.lastIndex(of: ":"), !address[colon...].contains("]") {
            address = String(address[..<colon])
        }
        return "\(address):\(port)"
    }
}

/// C views of text for the length of one call.
private struct ViewArena {
    private var copies: [UnsafeMutableBufferPointer<UInt8>] = []

    mutating func view(_ text: String) -> gw_view {
        guard !text.isEmpty else { return gw_view() }
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = copy.initialize(fromContentsOf: text.utf8)
        copies.append(copy)
        return gw_view(ptr: copy.baseAddress, len: copy.count)
    }

    mutating func free() {
        for copy in copies { copy.deallocate() }
        copies = []
    }
}
