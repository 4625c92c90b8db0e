// The plugin as the host sees it.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "functions", version: "1.0.0",
        modules: [FunctionLibrary.self, FunctionMatcher.self])
}
