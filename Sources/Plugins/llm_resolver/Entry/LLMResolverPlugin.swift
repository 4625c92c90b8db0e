// The plugin "llm_resolver": names that find their service.
public import CGateway
import LLMResolverParts
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "llm_resolver", version: "1.0.0", modules: [LLMResolver.self],
        initialise: DiscoveryService.publish)
}
