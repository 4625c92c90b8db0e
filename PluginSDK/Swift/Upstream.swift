// Connections to upstreams, and calls that the host pumps for an exchange.
import CGateway

/// What a pool connects to and how. Times in nanoseconds: 0 takes the host's default, `UInt64.max`
/// means none.
public struct PoolSpec: Sendable, Equatable {
    /// "host:port", "[v6]:port" or "unix/path".
    public var dial: String
    /// For SNI and verification; empty: the host of `dial`.
    public var serverName = ""
    /// PEM files; empty: the system's store.
    public var caFiles: [String] = []
    public var clientCertificate = ""
    public var clientKey = ""
    public var options: PoolOptions = []
    /// Idle connections kept per worker; 0: the host's default.
    public var idleMax: UInt32 = 0
    public var connectTimeoutNanoseconds: UInt64 = 0
    public var headTimeoutNanoseconds: UInt64 = 0
    public var readTimeoutNanoseconds: UInt64 = 0
    public var writeTimeoutNanoseconds: UInt64 = 0
    public var idleTimeoutNanoseconds: UInt64 = 0
    public var headBytesMax: UInt64 = 0

    public init(dial: String) { self.dial = dial }
}

public struct PoolOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let tls = PoolOptions(rawValue: GW_POOL_TLS)
    /// Do not verify the certificate; the configuration asked for it.
    public static let insecure = PoolOptions(rawValue: GW_POOL_TLS_INSECURE)
    public static let http2 = PoolOptions(rawValue: GW_POOL_HTTP2)
    /// One connection per call.
    public static let noReuse = PoolOptions(rawValue: GW_POOL_NO_REUSE)
}

/// Connections to one upstream, shared by everybody who asks for the same specification.
public struct Pool: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Calls under way and kept connections, over all workers. [any]
    public var info: (active: UInt32, idle: UInt32) {
        var info = gw_pool_info()
        info.struct_size = UInt32(MemoryLayout<gw_pool_info>.size)
        _ = Host.upstream?.pointee.pool_info(rawValue, &info)
        return (info.active, info.idle)
    }
}

extension Scope {
    /// Opens a pool; equal specifications share one, across instances and reloads. [config]
    public func pool(_ spec: PoolSpec) throws(PluginError) -> Pool {
        guard let table = Host.upstream else { throw .missing(.upstream) }
        var texts = TextArena()
        var raw = gw_pool_spec()
        raw.struct_size = UInt32(MemoryLayout<gw_pool_spec>.size)
        raw.dial = texts.view(spec.dial)
        raw.server_name = texts.view(spec.serverName)
        raw.ca_files = texts.view(spec.caFiles.joined(separator: "\n"))
        raw.client_certificate = texts.view(spec.clientCertificate)
        raw.client_key = texts.view(spec.clientKey)
        raw.flags = spec.options.rawValue
        raw.idle_max = spec.idleMax
        raw.connect_timeout_ns = spec.connectTimeoutNanoseconds
        raw.head_timeout_ns = spec.headTimeoutNanoseconds
        raw.read_timeout_ns = spec.readTimeoutNanoseconds
        raw.write_timeout_ns = spec.writeTimeoutNanoseconds
        raw.idle_timeout_ns = spec.idleTimeoutNanoseconds
        raw.head_bytes_max = spec.headBytesMax
        var pool: gw_pool = 0
        let code = table.pointee.pool_open(pointer, &raw, &pool)
        texts.free()
        guard code == GW_OK else { throw .reported(Status(code: code)) }
        return Pool(rawValue: pool)
    }
}

/// Text for the length of one host call.
struct TextArena {
    private var views: [gw_view] = []

    mutating func view(_ text: String) -> gw_view {
        let view = Permanent.view(text)
        views.append(view)
        return view
    }

    mutating func view(_ bytes: [UInt8]) -> gw_view {
        let view = gw_view(ptr: Permanent.array(bytes), len: bytes.count)
        views.append(view)
        return view
    }

    mutating func free() {
        for view in views { view.ptr?.deallocate() }
        views = []
    }
}

public struct OutgoingOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Set X-Forwarded-For, -Proto and -Host, replacing strangers' ones.
    public static let forwarded = OutgoingOptions(rawValue: GW_OUTGOING_FORWARDED)
    /// The peer is trusted: append to them instead.
    public static let trusted = OutgoingOptions(rawValue: GW_OUTGOING_TRUSTED)
    /// Add Via (RFC 9110 §7.6.3).
    public static let via = OutgoingOptions(rawValue: GW_OUTGOING_VIA)
}

public struct AttachOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Host is what the pool dials, unless the outgoing fields were given one.
    public static let hostOfUpstream = AttachOptions(rawValue: GW_ATTACH_HOST_UPSTREAM)
    /// Do not send the request body.
    public static let noBody = AttachOptions(rawValue: GW_ATTACH_NO_BODY)
}

extension Request {
    /// A pool like another one but for the address that it dials. [loop]
    public func pool(like pool: Pool, dial: Bytes) throws(Status) -> Pool {
        guard let table = Host.upstream else { throw .unsupported }
        var raw: gw_pool = 0
        try Status.check(table.pointee.pool_for(pointer, pool.rawValue, dial.view, &raw))
        return Pool(rawValue: raw)
    }

    /// The fields that will go upstream: a copy of the request's without those of one connection.
    /// Once per attach; changes leave the request as it is. Dead when the hook returns.
    public mutating func outgoing(_ options: OutgoingOptions) throws(Status) -> Fields {
        guard let table = Host.upstream else { throw .unsupported }
        guard let fields = table.pointee.outgoing(pointer, options.rawValue) else { throw .limit }
        return Fields(fields)
    }

    /// Binds the exchange to a call, replacing an earlier one, which is given up.
    ///
    /// - Parameters:
    ///   - method: Empty: the request's.
    ///   - uri: Empty: the request's.
    public mutating func attach(
        _ pool: Pool, _ options: AttachOptions = [], method: Bytes = "", uri: Bytes = ""
    ) throws(Status) -> Verdict {
        guard let table = Host.upstream else { throw .unsupported }
        var how = gw_attach()
        how.struct_size = UInt32(MemoryLayout<gw_attach>.size)
        how.flags = options.rawValue
        how.method = method.view
        how.uri = uri.view
        try Status.check(table.pointee.attach(pointer, pool.rawValue, &how))
        return .splice
    }

    /// Whether the request could be sent a second time.
    public var isReplayable: Bool { Host.upstream?.pointee.replayable(pointer) == 1 }
}
