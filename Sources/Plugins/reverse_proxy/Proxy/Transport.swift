// The member "transport": how upstreams are spoken to.
import PluginSDK

/// What the connections to all upstreams of one proxy have in common.
///
/// Options that this version does not act on are refused, unless they only tune buffers.
struct Transport: Sendable {
    private(set) var isTLS = false
    private var model = PoolSpec(dial: "")
    /// 0: the host's default.
    private var dialTimeoutNanoseconds: UInt64 = 0
    private var handshakeTimeoutNanoseconds: UInt64 = 0

    /// Plain HTTP with the host's defaults.
    init() {}

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let name = try configuration.string("protocol") ?? "http"
        guard name == "http" else { throw .unsupported("transport \(name)") }
        try Self.refuse(
            [
                "resolver", "local_address", "proxy_protocol", "max_conns_per_host",
                "expect_continue_timeout",
            ], in: &configuration)
        try Self.refuseVersions(try configuration.strings("versions") ?? [])
        try Self.refuseProxies(&configuration)
        for tuning in ["read_buffer_size", "write_buffer_size", "dial_fallback_delay"] {
            _ = try configuration.int(tuning)
        }
        _ = try configuration.bool("compression")
        try readTimeouts(&configuration)
        try configuration.object("keep_alive") { (keepAlive) throws(PluginError) in
            try readKeepAlive(&keepAlive)
        }
        try configuration.object("tls") { (tls) throws(PluginError) in
            try readTLS(&tls, scope)
        }
    }

    /// Port of an address that names none.
    var standardPort: String { isTLS ? "443" : "80" }

    func spec(dial: String) -> PoolSpec {
        var spec = model
        spec.dial = dial
        if dialTimeoutNanoseconds > 0 {
            spec.connectTimeoutNanoseconds = dialTimeoutNanoseconds + handshakeTimeoutNanoseconds
        }
        return spec
    }

    private mutating func readTimeouts(_ configuration: inout Configuration) throws(PluginError) {
        dialTimeoutNanoseconds = try Self.time("dial_timeout", &configuration)
        model.headTimeoutNanoseconds = try Self.time("response_header_timeout", &configuration)
        model.readTimeoutNanoseconds = try Self.time("read_timeout", &configuration)
        model.writeTimeoutNanoseconds = try Self.time("write_timeout", &configuration)
        let headBytes = try configuration.int("max_response_header_size") ?? 0
        model.headBytesMax = UInt64(max(0, headBytes))
    }

    private mutating func readKeepAlive(_ keepAlive: inout Configuration) throws(PluginError) {
        if try keepAlive.bool("enabled") == false { model.options.insert(.noReuse) }
        model.idleTimeoutNanoseconds = try Self.time("idle_timeout", &keepAlive)
        let idle = try keepAlive.int("max_idle_conns_per_host") ?? 0
        model.idleMax = UInt32(clamping: max(0, idle))
        _ = try keepAlive.duration("probe_interval")
        _ = try keepAlive.int("max_idle_conns")
    }

    private mutating func readTLS(
        _ tls: inout Configuration, _ scope: Scope
    ) throws(PluginError) {
        isTLS = true
        model.options.insert(.tls)
        if try tls.bool("insecure_skip_verify") == true { model.options.insert(.insecure) }
        model.serverName = try scope.evaluate(try tls.string("server_name") ?? "")
        model.caFiles = try tls.strings("root_ca_pem_files") ?? []
        model.clientCertificate = try tls.string("client_certificate_file") ?? ""
        model.clientKey = try tls.string("client_certificate_key_file") ?? ""
        handshakeTimeoutNanoseconds = try Self.time("handshake_timeout", &tls)
        try tls.object("ca") { (pool) throws(PluginError) in
            let provider = try pool.string("provider") ?? ""
            guard provider == "file" else { throw .unsupported("tls_trust_pool \(provider)") }
            model.caFiles += try pool.strings("pem_files") ?? []
        }
        if try tls.string("renegotiation") ?? "never" != "never" {
            throw .unsupported("tls_renegotiation")
        }
        try Self.refuse(
            ["client_certificate_automate", "curves", "except_ports", "root_ca_pool"], in: &tls)
    }

    private static func time(
        _ name: String, _ configuration: inout Configuration
    ) throws(PluginError) -> UInt64 {
        UInt64(max(0, try configuration.duration(name) ?? 0))
    }

    private static func refuse(
        _ names: [String], in configuration: inout Configuration
    ) throws(PluginError) {
        for name in names {
            guard let value = configuration.value(name), !value.isEmpty else { continue }
            throw .unsupported("\(name) of transport http")
        }
    }

    private static func refuseVersions(_ versions: [String]) throws(PluginError) {
        guard !versions.isEmpty, !versions.contains("1.1") else { return }
        throw .unsupported("transport http with versions \(versions.joined(separator: " "))")
    }

    private static func refuseProxies(_ configuration: inout Configuration) throws(PluginError) {
        try configuration.object("network_proxy") { (proxy) throws(PluginError) in
            let source = try proxy.string("from") ?? ""
            guard source == "none" else { throw .unsupported("network_proxy \(source)") }
        }
        if let url = try configuration.string("forward_proxy_url"), !url.isEmpty {
            throw .unsupported("forward_proxy_url")
        }
    }
}

extension PluginError {
    /// The configuration asks for something that would be wrong to leave out silently.
    static func unsupported(_ what: String) -> PluginError {
        var error = PluginError("\(what) is not supported yet")
        error.status = .unsupported
        return error
    }
}
