// Matchers and placeholder providers of plugins as the adapter of the configuration wants them.
import Base
import Config
import Loader

/// Makes definitions for the adapter. Control thread only.
enum PluginModuleDefinitions {
    static func definitions(_ plugins: PluginSet) -> [ModuleDefinition] {
        let registry = plugins.loader.registry
        return registry.allModules.compactMap { module in
            switch module.kind {
            case .matcher: matcher(module, registry)
            case .placeholder: module.directives.isEmpty ? nil : option(module, registry)
            case .httpHandler, .service: nil
            }
        } + plugins.unavailableModules.map(refusal)
    }

    /// Words in a matcher set: through the matcher's directive, or none.
    private static func matcher(
        _ module: LoadedModule, _ registry: PluginRegistry
    ) -> ModuleDefinition {
        guard module.directives.isEmpty else { return option(module, registry) }
        return ModuleDefinition(id: module.id) { (call) throws(ConfigError) in
            if call.tokens.count > 1 {
                throw ConfigError(
                    "matcher \(module.shortName) takes no arguments", at: call.tokens[1].token)
            }
            return [:]
        }
    }

    private static func option(
        _ module: LoadedModule, _ registry: PluginRegistry
    ) -> ModuleDefinition {
        ModuleDefinition(id: module.id) { (call) throws(ConfigError) in
            try DirectiveUse(call, tokens: call.tokens, registry: registry)
                .parse(module.directives[0])
        }
    }

    /// A module whose plugin is there but cannot be used: naming it says why.
    private static func refusal(_ module: UnavailableModule) -> ModuleDefinition {
        ModuleDefinition(id: module.id) { (call) throws(ConfigError) in
            throw ConfigError(
                "\(module.id) belongs to a plugin that could not be loaded: \(module.reason)",
                at: call.tokens.first?.token.location)
        }
    }
}
