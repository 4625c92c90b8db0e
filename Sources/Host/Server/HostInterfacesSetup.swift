// Everything that plugins can ask the host for, registered once.
import Base
import CGateway
package import Loader
import Logging
import Routing
import Services
import Synchronization
import Transport

package enum HostInterfacesSetup {
    /// Offers the host's interfaces. Before the first plugin is loaded.
    ///
    /// - Parameter duration: Reads durations of a Caddyfile.
    package static func registerAll(duration: @escaping AdaptInterface.Duration) {
        let core = CoreInterface.register(
            log: logRecord, logEnabled: logEnabled, workerCount: countWorkers)
        AdaptInterface.register(duration: duration)
        ServiceInterface.register()
        HTTPInterface.register()
        LoopInterface.register()
        UpstreamInterface.register()
        ClientInterface.register()
        HostInterfaces.register(GW_IFACE_JSON, JSONInterface.makeTable())
        HostInterfaces.register(GW_IFACE_CRYPTO, CryptoInterface.makeTable())
        HostInterfaces.register(
            GW_IFACE_REGEX,
            RegexInterface.makeTable(
                core: core,
                onRelease: { scope, action in PluginScope.find(scope)?.onRelease(action) ?? false },
                allocate: { req, size in
                    guard size >= 0, size <= Limits.arenaBytesMax else { return nil }
                    return Exchange.of(req).arena.allocate(size)
                }))
    }
}

/// The loggers of plugins, by scope name. Replaced when a configuration is published.
enum PluginLogs {
    private static let registry = Mutex<LogRegistry?>(nil)

    static func use(_ new: LogRegistry) { registry.withLock { $0 = new } }

    static func logger(_ scope: OpaquePointer?) -> Logger? {
        let name = PluginScope.find(scope)?.name ?? PluginScope.running?.name ?? "plugin"
        return registry.withLock { $0 }?.logger(named: name)
    }

    static func level(_ level: UInt32) -> LogLevel {
        switch Int32(bitPattern: level) {
        case GW_LOG_DEBUG: .debug
        case GW_LOG_INFO: .info
        case GW_LOG_WARN: .warn
        default: .error
        }
    }
}

private func logEnabled(_ scope: OpaquePointer?, _ level: UInt32) -> Int32 {
    PluginLogs.logger(scope)?.isEnabled(PluginLogs.level(level)) == true ? 1 : 0
}

private func logRecord(
    _ scope: OpaquePointer?, _ level: UInt32, _ message: gw_view,
    _ fields: UnsafePointer<gw_log_field>?, _ count: Int
) {
    guard let logger = PluginLogs.logger(scope) else { return }
    logger.log(PluginLogs.level(level), PluginText.lossy(message)) { record in
        for index in 0..<(fields == nil ? 0 : count) {
            guard let field = fields?[index] else { return }
            record.key(bytes: field.key.bytes)
            switch Int32(bitPattern: field.kind) {
            case GW_VALUE_INT, GW_VALUE_DURATION: record.value(Int(clamping: field.integer))
            case GW_VALUE_UINT: record.value(Int(clamping: UInt64(bitPattern: field.integer)))
            case GW_VALUE_BOOL: record.value(Int(field.integer))
            default: record.value(field.text.bytes)
            }
        }
    }
}

private func countWorkers() -> UInt32 { UInt32(Workers.count) }
