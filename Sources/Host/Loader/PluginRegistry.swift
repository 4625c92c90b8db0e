// The plugins of this process and what they offer, by name.

/// An immutable view of the loaded plugins; loading another one makes a new registry.
package struct PluginRegistry: Sendable {
    /// In the order of loading.
    package private(set) var plugins: [LoadedPlugin] = []
    private var modules: [String: LoadedModule] = [:]
    private var directives: [String: LoadedDirective] = [:]

    package init() {}

    package func plugin(_ name: String) -> LoadedPlugin? { plugins.first { $0.name == name } }
    package func module(_ id: String) -> LoadedModule? { modules[id] }
    package func directive(_ name: String) -> LoadedDirective? { directives[name] }

    /// Sorted by name.
    package var allDirectives: [LoadedDirective] {
        directives.values.sorted { $0.name < $1.name }
    }
    /// Sorted by id.
    package var allModules: [LoadedModule] { modules.values.sorted { $0.id < $1.id } }

    /// Refuses a plugin whose modules or directives somebody else has already.
    func requireFree(_ manifest: PluginManifest) throws(LoaderError) {
        for entry in manifest.modules {
            if let other = modules[entry.id] {
                throw duplicate("module \(entry.id)", of: manifest.name, and: other.plugin)
            }
            for directive in entry.directives where entry.isNamedByDirectives {
                guard let other = directives[directive.name] else { continue }
                throw duplicate("directive \(directive.name)", of: manifest.name, and: other.plugin)
            }
        }
        var seen: Set<String> = []
        for directive in manifest.modules.filter(\.isNamedByDirectives).flatMap(\.directives) {
            guard seen.insert(directive.name).inserted else {
                throw duplicate(
                    "directive \(directive.name)", of: manifest.name, and: manifest.name)
            }
        }
    }

    func adding(_ plugin: LoadedPlugin) -> PluginRegistry {
        var grown = self
        grown.plugins.append(plugin)
        for module in plugin.modules {
            grown.modules[module.id] = module
            // Those of matchers and placeholders are found through their modules.
            guard module.kind.namespace == nil else { continue }
            for directive in module.directives { grown.directives[directive.name] = directive }
        }
        return grown
    }

    private func duplicate(
        _ what: String, of plugin: String, and other: String
    ) -> LoaderError {
        let message =
            other == plugin
            ? "gives \(what) twice" : "gives \(what), which plugin \(other) gives too"
        return LoaderError(
            .duplicate, plugin: plugin, message,
            hint: other == plugin ? "" : "load only one of \(plugin) and \(other)")
    }
}
