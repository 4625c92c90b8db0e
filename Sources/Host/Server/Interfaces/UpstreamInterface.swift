// gw.upstream/1: pools, outgoing fields, attached calls.
import Base
import CGateway
import Loader
import Synchronization

enum UpstreamInterface {
    static func register() {
        HostInterfaces.register(
            GW_IFACE_UPSTREAM, copying: CallCheck.table(plain, checked: CheckedUpstream.table))
    }

    static let plain = gw_host_upstream(
        struct_size: UInt32(MemoryLayout<gw_host_upstream>.size), rev: 1,
        pool_open: poolOpen, pool_for: poolFor, pool_info: poolInfo, outgoing: outgoing,
        attach: attach, replayable: replayable)
}

private func poolOpen(
    _ scope: OpaquePointer, _ spec: UnsafePointer<gw_pool_spec>,
    _ out: UnsafeMutablePointer<gw_pool>
) -> gw_status {
    out.pointee = 0
    guard let owner = PluginScope.find(scope) else { return GW_E_STALE }
    do {
        let spec = try UpstreamSpec(spec.pointee)
        for file in spec.tls?.files ?? [] { FilesRead.note(file, for: owner) }
        let pool = try Workers.pools.open(spec)
        owner.onRelease { if Workers.pools.release(pool) { Workers.drop(pool) } }
        out.pointee = pool.id
        return GW_OK
    } catch {
        owner.fail(PluginDiagnostic(code: GW_E_CONFIG, message: "\(error)"))
        return GW_E_CONFIG
    }
}

private func poolFor(
    _ req: UnsafeMutablePointer<gw_req>, _ like: gw_pool, _ dial: gw_view,
    _ out: UnsafeMutablePointer<gw_pool>
) -> gw_status {
    out.pointee = 0
    // A dial string that is known already costs one look-up.
    let worker = Exchange.of(req).worker
    guard let template = worker.knownPool(like) else { return GW_E_STALE }
    guard let pool = worker.dynamicPool(like: template, dial: dial.bytes) else {
        return DialTarget(dial.string) == nil ? GW_E_INVALID : GW_E_LIMIT
    }
    out.pointee = pool.id
    return GW_OK
}

private func poolInfo(_ pool: gw_pool, _ out: UnsafeMutablePointer<gw_pool_info>) -> gw_status {
    guard let pool = Workers.pools.pool(pool) else { return GW_E_STALE }
    out.pointee = gw_pool_info(
        struct_size: UInt32(MemoryLayout<gw_pool_info>.size), rev: 1,
        active: UInt32(clamping: pool.active.load(ordering: .relaxed)),
        idle: UInt32(clamping: pool.idle.load(ordering: .relaxed)))
    return GW_OK
}

private func outgoing(_ req: UnsafeMutablePointer<gw_req>, _ flags: UInt32)
    -> UnsafeMutablePointer<gw_fields>?
{
    let exchange = Exchange.of(req)
    return exchange.prepareOutgoing(flags: flags) ? exchange.outgoing : nil
}

private func attach(
    _ req: UnsafeMutablePointer<gw_req>, _ pool: gw_pool, _ how: UnsafePointer<gw_attach>?
) -> gw_status {
    let exchange = Exchange.of(req)
    guard let pool = exchange.worker.knownPool(pool) else { return GW_E_STALE }
    exchange.attachment = Attachment()
    exchange.attachment.pool = pool
    guard let how = how?.pointee else { return GW_OK }
    exchange.attachment.flags = how.flags
    guard let method = exchange.arena.copy(how.method.bytes),
        let uri = exchange.arena.copy(how.uri.bytes)
    else { return GW_E_LIMIT }
    guard method.isEmpty || RequestText.isMethod(method), uri.isEmpty || RequestText.isURI(uri)
    else { return GW_E_INVALID }
    exchange.attachment.method = method
    exchange.attachment.uri = uri
    return GW_OK
}

private func replayable(_ req: UnsafePointer<gw_req>) -> Int32 {
    Exchange.of(req).isReplayable ? 1 : 0
}

extension UpstreamSpec {
    /// Reads the ABI's form; 0 stands for the host's default.
    init(_ spec: gw_pool_spec) throws(UpstreamSpecError) {
        let dial = spec.dial.string
        guard let target = DialTarget(dial) else {
            throw UpstreamSpecError(
                description: "\"\(dial)\" is no upstream address, expected host:port or unix/path")
        }
        self.init(dial: dial, target: target)
        if spec.flags & UInt32(GW_POOL_TLS) != 0 {
            var name = spec.server_name.string
            if name.isEmpty, case .host(let host, _) = target { name = host }
            tls = TLS(
                serverName: name,
                authorityFiles: spec.ca_files.string.split(separator: "\n").map(String.init),
                isInsecure: spec.flags & UInt32(GW_POOL_TLS_INSECURE) != 0,
                certificateFile: spec.client_certificate.string,
                keyFile: spec.client_key.string)
        }
        mayReuse = spec.flags & UInt32(GW_POOL_NO_REUSE) == 0
        if spec.idle_max > 0 { idleMax = Int(spec.idle_max) }
        func take(_ value: UInt64, _ member: inout UInt64) { if value > 0 { member = value } }
        take(spec.connect_timeout_ns, &connectTimeout)
        take(spec.head_timeout_ns, &headTimeout)
        take(spec.read_timeout_ns, &readTimeout)
        take(spec.write_timeout_ns, &writeTimeout)
        take(spec.idle_timeout_ns, &idleTimeout)
        if spec.head_bytes_max > 0 { headBytesMax = Int(clamping: spec.head_bytes_max) }
    }
}

package struct UpstreamSpecError: Error, CustomStringConvertible {
    package let description: String
}
