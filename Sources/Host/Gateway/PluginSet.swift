// The plugins that a command works with: where they are, which are loaded, which could not be.
import Base
import CGateway
import Commands
import Config
import Loader
import Server
import Services

/// A directive whose plugin could not be loaded.
struct UnavailableDirective: Sendable {
    var name: String
    var order: LoadedDirective.Order
    var reason: LoaderError
}

/// A matcher or a provider of placeholders whose plugin could not be loaded.
struct UnavailableModule: Sendable {
    var id: String
    var reason: LoaderError
}

/// The loader of this process with the outcome of loading everything. Control thread only.
final class PluginSet {
    let loader: PluginLoader
    private(set) var failures: [LoaderError] = []
    private(set) var unavailableDirectives: [UnavailableDirective] = []
    private(set) var unavailableModules: [UnavailableModule] = []

    private var reported: Set<String> = []
    private var changed: Set<String> = []

    /// - Parameter arguments: With `--plugins` and `--allow-unlocked-plugins`.
    init(_ arguments: ParsedArguments?) {
        let isOpen =
            arguments?.has("allow-unlocked-plugins") == true
            || Environment.value("GATEWRIGHT_ALLOW_UNLOCKED_PLUGINS") == "1"
        // Before the tables are handed out; a process that serves has a log for it later.
        ContractCheck.configure(
            isEnabled: Environment.value("GATEWRIGHT_CHECK") == "1",
            report: { Console.error("\($0)") })
        HostInterfacesSetup.registerAll(duration: readDuration)
        loader = PluginLoader(
            finder: PluginFinder(
                options: arguments?.values("plugins") ?? [],
                environment: Environment.value("GATEWRIGHT_PLUGINS"),
                executableFolder: Files.executableFolder),
            trust: PluginTrust(
                executableFolder: Files.executableFolder, isEnforced: !isOpen,
                sha256: ContentDigest.sha256))
    }

    static let flags = [
        Flag("plugins", .values("folder"), "folder with plugins (repeatable)"),
        Flag(
            "allow-unlocked-plugins",
            "takes plugins that the lock file of the distribution does not have"),
    ]

    /// Loads every plugin that is not loaded yet.
    func loadAll() {
        load { $0.loadAll() }
    }

    /// The same for the plugins that a configuration mentions, and whatever these need.
    func load(mentionedIn text: [UInt8]) {
        load { $0.load(mentionedBy: ConfigurationWords(text)) }
    }

    private func load(_ body: (PluginLoader) -> [LoaderError]) {
        failures = body(loader)
        unavailableDirectives = []
        unavailableModules = []
        if !failures.isEmpty { noteUnavailable() }
    }

    /// Plugins that were loaded since the last call.
    func takeNewlyLoaded() -> [LoadedPlugin] {
        loader.registry.plugins.filter { reported.insert($0.name).inserted }
    }

    /// Loaded plugins whose file changed, each once.
    func takeNewlyChanged() -> [LoadedPlugin] {
        loader.changedOnDisk().filter { changed.insert($0.name).inserted }
    }

    /// A sentence for somebody whose plugin folders are empty or elsewhere, nil otherwise.
    var emptinessNote: String? {
        guard loader.registry.plugins.isEmpty, failures.isEmpty else { return nil }
        return "no plugins were found in \(loader.finder.folders.joined(separator: ", ")); "
            + "name their folder with --plugins or GATEWRIGHT_PLUGINS"
    }

    private func noteUnavailable() {
        for entry in loader.catalog() {
            guard let reason = failures.first(where: { $0.plugin == entry.name }),
                case .success(let manifest) = entry.manifest
            else { continue }
            for module in manifest.modules where loader.registry.module(module.id) == nil {
                note(module, reason)
            }
        }
    }

    private func note(_ module: PluginManifest.Module, _ reason: LoaderError) {
        guard module.isNamedByDirectives else {
            unavailableModules.append(UnavailableModule(id: module.id, reason: reason))
            return
        }
        for directive in module.directives
        where loader.registry.directive(directive.name) == nil {
            unavailableDirectives.append(
                UnavailableDirective(
                    name: directive.name,
                    order: LoadedDirective.Order(directive.order) ?? .unordered,
                    reason: reason))
        }
    }
}

/// Durations for plugins, as the configuration reads them.
private func readDuration(_ text: gw_view, _ out: UnsafeMutablePointer<Int64>) -> gw_status {
    guard let text = PluginText.strict(text, bytesMax: Limits.pluginTextBytesMax),
        let nanoseconds = Quantities.nanoseconds(text)
    else { return GW_E_INVALID }
    out.pointee = nanoseconds
    return GW_OK
}
