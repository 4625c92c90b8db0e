// Brings plugins into the process. One loader per process, used by the control thread only.
internal import CGateway

/// Finds, checks, maps and starts plugins.
package final class PluginLoader {
    /// What a plugin folder holds, read without running any of it.
    package struct CatalogEntry: Sendable {
        package var name: String
        package var path: String
        package var manifest: Result<PluginManifest, LoaderError>
    }

    package let finder: PluginFinder
    package private(set) var registry = PluginRegistry()

    private let trust: PluginTrust

    package init(finder: PluginFinder, trust: PluginTrust = .everything) {
        self.finder = finder
        self.trust = trust
    }

    /// Every plugin of the folders with its manifest, sorted by name.
    package func catalog() -> [CatalogEntry] {
        finder.available().sorted { $0.key < $1.key }.map { name, path in
            CatalogEntry(name: name, path: path, manifest: manifest(of: name, path))
        }
    }

    /// Loads a plugin by name, unless it is loaded already.
    ///
    /// - Throws: `LoaderError`; the process is as before then, except for code that the plugin ran.
    @discardableResult
    package func load(_ name: String) throws(LoaderError) -> LoadedPlugin {
        if let known = registry.plugin(name) { return known }
        return try load(name, path: try finder.locate(name))
    }

    /// Loads every plugin of the folders that is not loaded yet.
    ///
    /// - Parameter names: Loads these only; nil stands for all.
    /// - Returns: Why some could not be loaded.
    package func loadAll(in names: Set<String>? = nil) -> [LoaderError] {
        var errors: [LoaderError] = []
        for (name, path) in finder.available().sorted(by: { $0.key < $1.key }) {
            guard registry.plugin(name) == nil, names?.contains(name) ?? true else { continue }
            do throws(LoaderError) {
                try load(name, path: path)
            } catch {
                errors.append(error)
            }
        }
        return errors
    }

    /// Loaded plugins whose file has another content now. They go on as they were loaded: an image
    /// cannot be replaced in a running process.
    package func changedOnDisk() -> [LoadedPlugin] {
        registry.plugins.filter { plugin in
            if PluginFile.stamp(of: plugin.path) == plugin.stamp { return false }
            let file = try? PluginFile(path: plugin.path, plugin: plugin.name)
            return file.map { $0.contentHash != plugin.contentHash } ?? true
        }
    }

    /// Calls every plugin's `fini`, last loaded first. Nothing of a plugin may run afterwards.
    package func finish() {
        for plugin in registry.plugins.reversed() { plugin.finish() }
        registry = PluginRegistry()
    }

    @discardableResult
    private func load(_ name: String, path: String) throws(LoaderError) -> LoadedPlugin {
        let file = try PluginFile(path: path, plugin: name)
        try trust.check(file, plugin: name)
        let manifest = try ManifestReader.read(file, plugin: name)
        try check(manifest, name)
        try registry.requireFree(manifest)
        let warnings = try PluginImage.check(file, manifest, plugin: name)
        let scope = PluginScope(plugin: name)
        let table = try PluginImage.open(file, scope: scope)
        let tables = try PluginTables(table, manifest: manifest, scope: scope)
        let plugin = LoadedPlugin(
            tables, file: file, manifest: manifest,
            warnings: manifest.warnings + warnings + tables.skippedWarnings, scope: scope)
        try plugin.start()
        registry = registry.adding(plugin)
        return plugin
    }

    private func check(_ manifest: PluginManifest, _ name: String) throws(LoaderError) {
        guard manifest.name == name else {
            throw LoaderError(
                .manifest, plugin: name, "its manifest says that its name is \(manifest.name)",
                hint: "name the file \(manifest.name)\(PluginFinder.fileSuffix)")
        }
        guard manifest.abi.major == GW_ABI_MAJOR else {
            throw LoaderError(
                .abi, plugin: name,
                "is made for ABI \(manifest.abi.major), this host has ABI \(GW_ABI_MAJOR)")
        }
        guard manifest.abi.minMinor <= GW_ABI_MINOR else {
            throw LoaderError.needsNewerHost(plugin: name, minor: manifest.abi.minMinor)
        }
        for module in manifest.modules {
            for id in module.needs where id.hasPrefix("gw.") && HostInterfaces.find(id) == nil {
                throw LoaderError(
                    .abi, plugin: name, module: module.id,
                    "needs \(id), which this host does not have",
                    hint: "use a newer gatewright or an older \(name)")
            }
        }
    }

    private func manifest(
        of name: String, _ path: String
    ) -> Result<PluginManifest, LoaderError> {
        do throws(LoaderError) {
            return .success(
                try ManifestReader.read(try PluginFile(path: path, plugin: name), plugin: name))
        } catch {
            return .failure(error)
        }
    }
}
