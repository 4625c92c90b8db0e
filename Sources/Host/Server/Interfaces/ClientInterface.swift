// gw.client/1: HTTP calls of plugins, on the worker that makes them.
import Base
import CGateway
import HTTP
import Loader
import Transport

enum ClientInterface {
    static func register() {
        HostInterfaces.register(
            GW_IFACE_CLIENT, copying: CallCheck.table(plain, checked: CheckedClient.table))
    }

    static let plain = gw_host_client(
        struct_size: UInt32(MemoryLayout<gw_host_client>.size), rev: 1,
        call: startCall, cancel: cancelCall)
}

private func startCall(
    _ scope: OpaquePointer, _ what: UnsafePointer<gw_client_call>,
    _ ops: UnsafePointer<gw_client_ops>, _ context: UnsafeMutableRawPointer?,
    _ out: UnsafeMutablePointer<gw_ticket>
) -> gw_status {
    out.pointee = 0
    guard let owner = PluginScope.find(scope) else { return GW_E_STALE }
    guard case .loop(let index) = ThreadRole.current, let worker = Workers.worker(index) else {
        return GW_E_INVALID
    }
    guard let pool = worker.knownPool(what.pointee.pool) else { return GW_E_STALE }
    guard let call = ClientCall(worker: worker, pool: pool, what.pointee, ops.pointee, context)
    else {
        return GW_E_INVALID
    }
    out.pointee = worker.start(call, owner: owner)
    return GW_OK
}

private func cancelCall(_ ticket: gw_ticket) -> gw_status {
    guard case .loop(let index) = ThreadRole.current, let worker = Workers.worker(index) else {
        return GW_E_INVALID
    }
    return worker.cancelCall(ticket) ? GW_OK : GW_E_STALE
}
