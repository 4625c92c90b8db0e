// The plugin "respond": answers that need no upstream.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "respond", version: "1.0.0",
        modules: [StaticResponse.self, StaticError.self])
}
