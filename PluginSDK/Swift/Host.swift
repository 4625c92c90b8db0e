// The tables of the host, asked for once when the plugin is loaded.
import CGateway

/// What the host offers. Written once by the entry point, before any other code of the plugin
/// runs, and only read afterwards; hence no lock.
///
/// `core`, `http` and `adapt` are there always, because the entry point refuses a host without
/// them; the others are asked for by name and may be absent.
enum Host {
    nonisolated(unsafe) private static var coreTable: UnsafePointer<gw_host_core>?
    nonisolated(unsafe) private static var httpTable: UnsafePointer<gw_host_http>?
    nonisolated(unsafe) private static var adaptTable: UnsafePointer<gw_host_adapt>?
    nonisolated(unsafe) private(set) static var loop: UnsafePointer<gw_host_loop>?
    nonisolated(unsafe) private(set) static var work: UnsafePointer<gw_host_work>?
    nonisolated(unsafe) private(set) static var upstream: UnsafePointer<gw_host_upstream>?
    nonisolated(unsafe) private(set) static var client: UnsafePointer<gw_host_client>?
    nonisolated(unsafe) private(set) static var json: UnsafePointer<gw_host_json>?
    nonisolated(unsafe) private(set) static var regex: UnsafePointer<gw_host_regex>?
    nonisolated(unsafe) private(set) static var crypto: UnsafePointer<gw_host_crypto>?
    nonisolated(unsafe) private(set) static var service: UnsafePointer<gw_host_service>?

    static var core: UnsafePointer<gw_host_core> { coreTable.unsafelyUnwrapped }
    static var http: UnsafePointer<gw_host_http> { httpTable.unsafelyUnwrapped }
    static var adapt: UnsafePointer<gw_host_adapt> { adaptTable.unsafelyUnwrapped }

    /// Asks for every interface that this SDK knows.
    ///
    /// - Returns: The id of the first one among the required that is missing, nil when all is well.
    static func connect(_ boot: UnsafePointer<gw_boot>, needs: [Interface]) -> String? {
        coreTable = find(.core, boot)
        httpTable = find(.http, boot)
        adaptTable = find(.adapt, boot)
        loop = find(.loop, boot)
        work = find(.work, boot)
        upstream = find(.upstream, boot)
        client = find(.client, boot)
        json = find(.json, boot)
        regex = find(.regex, boot)
        crypto = find(.crypto, boot)
        service = find(.service, boot)
        for interface in [.core, .http, .adapt] + needs
        where (find(interface, boot) as UnsafePointer<UInt32>?) == nil {
            return interface.rawValue
        }
        return nil
    }

    private static func find<Table>(
        _ interface: Interface, _ boot: UnsafePointer<gw_boot>
    ) -> UnsafePointer<Table>? {
        interface.rawValue.withBytes { id in
            boot.pointee.iface(id.view)?.assumingMemoryBound(to: Table.self)
        }
    }
}

/// An interface of the host, by id and revision.
public enum Interface: String, Sendable {
    case core = "gw.core/1"
    case http = "gw.http/1"
    case adapt = "gw.adapt/1"
    case loop = "gw.loop/1"
    case work = "gw.work/1"
    case upstream = "gw.upstream/1"
    case client = "gw.client/1"
    case json = "gw.json/1"
    case regex = "gw.regex/1"
    case crypto = "gw.crypto/1"
    case service = "gw.service/1"
}
