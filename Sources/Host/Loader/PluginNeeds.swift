// Which plugins a configuration needs: told by the words in it, so that others stay out of memory.
internal import CGateway

/// Words of a configuration that may be names of directives or modules.
package struct ConfigurationWords {
    private let words: Set<[UInt8]>

    /// - Parameter text: A Caddyfile or JSON. More words than names do no harm.
    package init(_ text: [UInt8]) {
        words = Set(Self.words(of: text))
    }

    /// Whether all words of a name are there, which may have other signs between them.
    func mention(_ name: some StringProtocol) -> Bool {
        Self.words(of: Array(name.utf8)).allSatisfy { words.contains($0) }
    }

    private static func words(of text: [UInt8]) -> [[UInt8]] {
        let parts = text.split { byte in
            let isLetter = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a
            let isDigit = byte >= 0x30 && byte <= 0x39
            return !isLetter && !isDigit && byte != 0x5f && byte != 0x2d
        }
        return parts.map { Array($0) }
    }
}

extension PluginManifest {
    /// Whether a configuration with those words may use the plugin. One that nothing could mention
    /// is always wanted.
    func isMentioned(by words: ConfigurationWords) -> Bool {
        let named = modules.filter { $0.kind != GW_KIND_SERVICE }
        guard !named.isEmpty else { return provides.isEmpty }
        return named.contains { module in
            // Its keys may have any name.
            if module.kind == GW_KIND_PLACEHOLDER, module.directives.isEmpty { return true }
            return words.mention(module.id.split(separator: ".").last ?? "")
                || module.directives.contains { words.mention($0.name) }
        }
    }

    /// Services of others that its modules ask for.
    var wantedServices: [String] {
        modules.flatMap { $0.needs + $0.optional }.filter { !$0.hasPrefix("gw.") }
    }
}

extension PluginLoader {
    /// Loads the plugins that a configuration mentions and those whose services they want. What
    /// cannot be told without loading a plugin is loaded.
    ///
    /// - Returns: Why some could not be loaded.
    package func load(mentionedBy words: ConfigurationWords) -> [LoaderError] {
        var waiting: [String: PluginManifest] = [:]
        var wanted: Set<String> = []
        var services = registry.plugins.flatMap(\.manifest.wantedServices)
        for name in finder.available().keys.sorted() where registry.plugin(name) == nil {
            guard let path = try? finder.locate(name),
                let manifest = ManifestPeek.manifest(at: path, plugin: name)
            else {
                wanted.insert(name)
                continue
            }
            if manifest.isMentioned(by: words) {
                wanted.insert(name)
                services += manifest.wantedServices
            } else {
                waiting[name] = manifest
            }
        }
        while let service = services.popLast() {
            for (name, manifest) in waiting where manifest.provides.contains(service) {
                wanted.insert(name)
                services += manifest.wantedServices
                waiting[name] = nil
            }
        }
        return loadAll(in: wanted)
    }

    /// A module by its id, of a plugin that is loaded for it if need be: the host's own routes, such
    /// as redirects to HTTPS, name modules that no configuration mentions.
    ///
    /// - Returns: nil when no plugin has it.
    package func module(_ id: String) throws(LoaderError) -> LoadedModule? {
        if let known = registry.module(id) { return known }
        for name in finder.available().keys.sorted() where registry.plugin(name) == nil {
            guard let path = try? finder.locate(name),
                let manifest = ManifestPeek.manifest(at: path, plugin: name),
                manifest.modules.contains(where: { $0.id == id })
            else { continue }
            if let error = loadAll(in: [name]).first { throw error }
            return registry.module(id)
        }
        return nil
    }
}
