// The plugin "demo_model": a stand-in for a model server, for trying a gateway without one.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "demo_model", version: "1.0.0", needs: [.json, .loop],
        modules: [DemoModel.self])
}
