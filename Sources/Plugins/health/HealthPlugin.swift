// The plugin "health": probes of upstreams as a service, and what they found as a page.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "health", version: "1.0.0", modules: [HealthPage.self],
        initialise: HealthService.publish)
}
