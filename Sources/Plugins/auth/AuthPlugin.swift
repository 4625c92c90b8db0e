// The plugin "auth": who may pass.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "auth", version: "1.0.0", needs: [.loop, .work, .crypto],
        modules: [Authentication.self, APIKeys.self])
}
