// The plugin as the host sees it: the tables of ABI v1, made once from Swift types.
public import CGateway

/// A plugin. Its entry point hands the tables over:
///
/// ```swift
/// @c @implementation
/// public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
///     Plugin.tables(boot, name: "respond", version: "1.0.0", modules: [StaticResponse.self])
/// }
/// ```
public enum Plugin {
    nonisolated(unsafe) private static var tables: UnsafePointer<gw_plugin>?
    nonisolated(unsafe) private static var initialise: (@Sendable () -> Status)?

    /// Connects to the host and gives the tables of this plugin, which live as long as the process.
    ///
    /// - Parameters:
    ///   - name: As in the manifest and in the file name.
    ///   - needs: Interfaces without which the plugin cannot work, besides core, http and adapt.
    ///   - initialise: Called once after loading, before any module is made; publish services here.
    /// - Returns: nil after having told the host why.
    public static func tables(
        _ boot: UnsafePointer<gw_boot>, name: String, version: String, needs: [Interface] = [],
        modules: [any Module.Type], initialise: (@Sendable () -> Status)? = nil
    ) -> UnsafePointer<gw_plugin>? {
        let missing = Host.connect(boot, needs: needs)
        if let missing, boot.pointee.flags & GW_BOOT_SCAN == 0 {
            var error = PluginError("this host does not have \(missing)")
            error.status = .unsupported
            error.report(boot.pointee.fail)
            return nil
        }
        if let tables { return tables }
        precondition(modules.count <= ModuleSlot.countMax, "too many modules in one plugin")
        Self.initialise = initialise
        let made = UnsafePointer(
            Permanent.pointer(to: plugin(name: name, version: version, modules: modules)))
        tables = made
        return made
    }

    private static func plugin(
        name: String, version: String, modules: [any Module.Type]
    ) -> gw_plugin {
        let tables = modules.enumerated().map { slot, type in
            UnsafePointer(Permanent.pointer(to: ModuleSlot.fill(slot, with: type)))
        }
        var plugin = gw_plugin()
        plugin.struct_size = UInt32(MemoryLayout<gw_plugin>.size)
        plugin.abi_built_minor = UInt32(GW_ABI_MINOR)
        plugin.name = Permanent.view(name)
        plugin.version = Permanent.view(version)
        plugin.modules = UnsafePointer(Permanent.array(tables))
        plugin.module_count = UInt32(tables.count)
        if initialise != nil {
            plugin.`init` = { (Plugin.initialise?() ?? .ok).code }
        }
        return plugin
    }
}

/// Memory that is handed to the host for the rest of the process.
enum Permanent {
    static func pointer<Value>(to value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        pointer.initialize(to: value)
        return pointer
    }

    static func array<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value>? {
        guard !values.isEmpty else { return nil }
        let start = UnsafeMutablePointer<Value>.allocate(capacity: values.count)
        start.initialize(from: values, count: values.count)
        return start
    }

    static func view(_ text: String) -> gw_view {
        gw_view(ptr: array(Array(text.utf8)), len: text.utf8.count)
    }
}
