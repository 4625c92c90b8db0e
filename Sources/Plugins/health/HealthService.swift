// The service health.status/1 as a C table over the registry of probes.
import CGateway
import PluginSDK

enum HealthService {
    /// [load]
    static func publish() -> Status {
        do throws(Status) {
            try Service.publish(GW_SERVICE_HEALTH_STATUS, table: UnsafeRawPointer(table))
            return .ok
        } catch .unsupported {
            // Without services the page is of use all the same.
            return .ok
        } catch {
            return error
        }
    }

    /// Lives as long as the process, as the host demands.
    nonisolated(unsafe) private static let table: UnsafePointer<gw_health_status> = {
        let table = UnsafeMutablePointer<gw_health_status>.allocate(capacity: 1)
        table.initialize(
            to: gw_health_status(
                struct_size: UInt32(MemoryLayout<gw_health_status>.size), rev: 0,
                watch: { _, spec, out in
                    guard let specification = ProbeSpecification(spec.pointee) else {
                        return GW_E_INVALID
                    }
                    let watch = ProbeRegistry.watch(
                        specification,
                        WatchHandles(
                            scope: Scope(spec.pointee.scope),
                            pool: Pool(rawValue: spec.pointee.pool),
                            traffic: spec.pointee.traffic == 0
                                ? nil : Pool(rawValue: spec.pointee.traffic),
                            pattern: spec.pointee.pattern == 0
                                ? nil : Regex(rawValue: spec.pointee.pattern)))
                    out.pointee = OpaquePointer(watch)
                    return GW_OK
                },
                state: { watch in
                    UnsafePointer<Watch>(watch).pointee.health.pointee.isHealthy ? 1 : 0
                },
                release: { watch in
                    ProbeRegistry.release(UnsafeMutablePointer<Watch>(watch))
                }))
        return UnsafePointer(table)
    }()
}

extension ProbeSpecification {
    /// nil when a member that a probe cannot do without is missing.
    fileprivate init?(_ raw: gw_health_spec) {
        guard raw.pool != 0, raw.uri.len > 0, raw.interval_ns > 0 else { return nil }
        self.init(
            upstream: String(raw.upstream), pool: raw.pool, method: String(raw.method),
            uri: String(raw.uri), host: String(raw.host),
            fields: (0..<raw.field_count).compactMap { index in
                raw.fields.map {
                    .init(name: String($0[index].name), value: String($0[index].value))
                }
            },
            body: String(raw.body), bodyPattern: String(raw.body_pattern),
            status: UInt16(clamping: raw.status), passes: max(1, raw.passes),
            fails: max(1, raw.fails), intervalNanoseconds: raw.interval_ns,
            timeoutNanoseconds: raw.timeout_ns, bodyBytesMax: Int(clamping: raw.body_bytes_max))
    }
}

extension String {
    fileprivate init(_ view: gw_view) {
        self.init(Bytes(start: view.ptr, count: view.len))
    }
}
