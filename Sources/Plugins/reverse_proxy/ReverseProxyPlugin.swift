// The plugin "reverse_proxy": sends requests to upstreams.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "reverse_proxy", version: "1.0.0", needs: [.upstream, .loop],
        modules: [ReverseProxy.self, CopyResponse.self, CopyResponseHeaders.self])
}
