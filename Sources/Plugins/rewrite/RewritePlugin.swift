// The plugin "rewrite": changes where a request goes, and sets variables.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "rewrite", version: "1.0.0", needs: [.regex],
        modules: [Rewrite.self, Variables.self, RequestBody.self])
}
