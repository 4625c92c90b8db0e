// The service discovery/1 as a C table.
import CGateway
package import PluginSDK

package enum DiscoveryService {
    /// [load]
    package static func publish() -> Status {
        do throws(Status) {
            try Service.publish(GW_SERVICE_DISCOVERY, table: UnsafeRawPointer(table))
            return .ok
        } catch .unsupported {
            // Without services the handler is of use all the same.
            return .ok
        } catch {
            return error
        }
    }

    /// Lives as long as the process, as the host demands.
    nonisolated(unsafe) private static let table: UnsafePointer<gw_discovery> = {
        let table = UnsafeMutablePointer<gw_discovery>.allocate(capacity: 1)
        table.initialize(
            to: gw_discovery(
                struct_size: UInt32(MemoryLayout<gw_discovery>.size), rev: 0,
                watch: { _, scope, out in
                    let watch = Discovery.watch(scope: Scope(scope))
                    out.pointee = OpaquePointer(Unmanaged.passRetained(watch).toOpaque())
                    return GW_OK
                },
                release: { watch in
                    Discovery.release(
                        Unmanaged<DiscoveryWatch>.fromOpaque(UnsafeRawPointer(watch))
                            .takeRetainedValue())
                },
                on_change: { watch, function, argument in
                    let watch = Unmanaged<DiscoveryWatch>.fromOpaque(UnsafeRawPointer(watch))
                    watch.takeUnretainedValue().onChange(listener(function, argument))
                },
                generation: { Discovery.generation },
                refresh: { age, function, argument in
                    let callback = Callback(function: function, argument: argument)
                    return Discovery.isFresh(within: age) ? GW_OK : refresh(age, callback)
                },
                acquire: {
                    OpaquePointer(Unmanaged.passRetained(SharedSnapshot.current).toOpaque())
                },
                drop: { Unmanaged<SharedSnapshot>.fromOpaque(UnsafeRawPointer($0)).release() },
                snapshot_generation: { shared($0).snapshot.generation },
                candidate: { shared($0).candidate(Int(clamping: $1)) },
                engine: { shared($0).engine(Int(clamping: $1)) },
                is_current: { shared($0).isCurrent(Int(clamping: $1), within: $2) ? 1 : 0 },
                reason: { MarkTexts.reason($0) }))
        return UnsafePointer(table)
    }()

    private static func refresh(_ age: UInt64, _ callback: Callback) -> gw_status {
        Discovery.refresh(olderThan: age) { _ in
            // Never before this call returned, and always on the first worker.
            try? Worker(index: 0).post { callback.function(callback.argument) }
        }
        return GW_AGAIN
    }

    private static func listener(
        _ function: (@convention(c) (UnsafeMutableRawPointer?, UInt64) -> Void)?,
        _ argument: UnsafeMutableRawPointer?
    ) -> (@Sendable (DiscoverySnapshot) -> Void)? {
        guard let function else { return nil }
        nonisolated(unsafe) let argument = argument
        return { snapshot in function(argument, snapshot.generation) }
    }
}

/// What another plugin wants to be called with.
private struct Callback: @unchecked Sendable {
    let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let argument: UnsafeMutableRawPointer?
}

private func shared(_ snapshot: OpaquePointer) -> SharedSnapshot {
    Unmanaged<SharedSnapshot>.fromOpaque(UnsafeRawPointer(snapshot)).takeUnretainedValue()
}

/// The reasons of single marks as views that live as long as the process.
private enum MarkTexts {
    nonisolated(unsafe) private static let views: [UInt32: gw_view] = {
        var views: [UInt32: gw_view] = [:]
        for bit in 0..<UInt32.bitWidth {
            guard let reason = Marks(rawValue: 1 << UInt32(bit)).reasons.first else { continue }
            let text = UnsafeMutablePointer<UInt8>.allocate(capacity: reason.utf8.count)
            text.initialize(from: Array(reason.utf8), count: reason.utf8.count)
            views[1 << UInt32(bit)] = gw_view(ptr: text, len: reason.utf8.count)
        }
        return views
    }()

    static func reason(_ mark: UInt32) -> gw_view { views[mark] ?? gw_view() }
}
