// The plugin "header": changes the fields of requests and responses.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "header", version: "1.0.0", needs: [.regex], modules: [Headers.self])
}
