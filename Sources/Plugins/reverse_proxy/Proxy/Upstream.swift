// The upstreams of one proxy, as flat values that a worker reads without reference counting.
import CGateway
import PluginSDK

/// One upstream. The pointers belong to the `UpstreamTable` and live as long as the instance.
struct Upstream: BitwiseCopyable, @unchecked Sendable {
    /// Connections to it; for one that is known only with the request, what its pool is like.
    var pool: Pool
    /// Gives the address to dial when that depends on the request.
    var address: Template?
    /// Requests under way that it may have; 0: any number.
    var requestsMax: UInt32
    /// Tells upstreams apart when a key is hashed.
    var seed: UInt64
    var failures: FailureLogs.Log?
    var watch: OpaquePointer?
}

/// The upstreams of one proxy and what is known of their health. [any]
struct UpstreamTable: @unchecked Sendable {
    private(set) var upstreams: [Upstream] = []
    /// What each dials, for logs and placeholders.
    private(set) var names: [String] = []
    let passive: PassiveHealth?
    private var health: UnsafePointer<gw_health_status>?
    private var acquiredLogs: [String] = []

    init(passive: PassiveHealth?) { self.passive = passive }

    /// Opens pools and watches health; `release` undoes it, after a failure too. [config]
    mutating func open(
        _ configured: [ConfiguredUpstream], transport: Transport, active: ActiveHealth?,
        scope: Scope
    ) throws(PluginError) {
        for upstream in configured {
            let isKnown = !upstream.dial.utf8.contains(UInt8(ascii: "{"))
            let dial = isKnown ? upstream.dial : "upstream.invalid:" + transport.standardPort
            var made = Upstream(
                pool: try scope.pool(transport.spec(dial: dial)), address: nil,
                requestsMax: upstream.requestsMax > 0
                    ? upstream.requestsMax : passive?.requestsMax ?? 0,
                seed: Hash.of(upstream.dial), failures: nil, watch: nil)
            if isKnown {
                if passive?.countsFailures == true {
                    made.failures = FailureLogs.acquire(dial)
                    acquiredLogs.append(dial)
                }
                if let active {
                    let service = try active.service(scope)
                    health = service.table
                    made.watch = try active.watch(
                        dial, traffic: made.pool, transport, service, scope)
                }
            } else {
                made.address = try scope.template(upstream.dial)
            }
            upstreams.append(made)
            names.append(upstream.dial)
        }
    }

    func release() {
        for upstream in upstreams {
            if let watch = upstream.watch { health?.pointee.release(watch) }
        }
        for dial in acquiredLogs { FailureLogs.release(dial) }
    }

    /// Whether every upstream is always available.
    var isUnconditional: Bool {
        upstreams.allSatisfy { $0.requestsMax == 0 && $0.failures == nil && $0.watch == nil }
    }

    /// Whether a request may go to an upstream now.
    func isAvailable(_ index: Int) -> Bool {
        let upstream = upstreams[index]
        if let watch = upstream.watch, let health, health.pointee.state(watch) == 0 {
            return false
        }
        if let failures = upstream.failures, let passive,
            failures.pointee.hasFailed(
                passive.failuresMax, within: passive.failNanoseconds, of: Clock.monotonic)
        {
            return false
        }
        return upstream.requestsMax == 0 || upstream.pool.info.active < upstream.requestsMax
    }

    func recordFailure(of index: Int) {
        upstreams[index].failures?.pointee.record(at: Clock.monotonic)
    }
}

/// An upstream as it is configured.
struct ConfiguredUpstream: Sendable {
    let dial: String
    let requestsMax: UInt32

    init(configuration: inout Configuration) throws(PluginError) {
        dial = try configuration.string("dial") ?? ""
        guard !dial.isEmpty else {
            throw PluginError("\(configuration.path) has no dial, expected an address")
        }
        requestsMax = UInt32(clamping: try configuration.int("max_requests") ?? 0)
    }
}
