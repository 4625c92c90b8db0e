// Instances of plugins' matchers and placeholders for one generation. Control thread only.
import Base
import CGateway
import Loader
import Routing

/// Makes and finds them while a generation is built.
final class PluginModules {
    private struct Provider {
        let instance: ModuleInstance
        let ops: UnsafePointer<gw_placeholder_ops>
    }

    private let instances: InstanceSet
    private let loader: PluginLoader
    private var providers: [Provider] = []

    init(instances: InstanceSet, loader: PluginLoader) {
        self.instances = instances
        self.loader = loader
    }

    /// The matcher of a plugin, nil when no plugin has one of that name.
    func matcher(
        _ name: String, _ value: JSONValue, at location: String
    ) throws(RoutingError) -> PluginMatcher? {
        guard let module = try loader.namedModule("http.matchers.\(name)", at: location),
            case .matcher(let ops) = module.ops
        else { return nil }
        let instance = try make(module, value, at: location)
        return PluginMatcher(match: ops.pointee.match, instance: instance.pointer)
    }

    // MARK: Placeholders

    /// Makes the configured providers, and those that need no configuration. A later one may use
    /// placeholders of the ones before it.
    func providePlaceholders(_ configured: [JSONValue]) throws(ServerError) {
        do throws(RoutingError) {
            for module in loader.registry.allModules where module.directives.isEmpty {
                guard case .placeholder(let ops) = module.ops else { continue }
                try provide(module, ops, .object([:]), at: module.id)
            }
            for (index, object) in configured.enumerated() {
                try provide(object, at: "apps.http.placeholders[\(index)]")
            }
        } catch {
            throw ServerError("\(error)")
        }
    }

    private func provide(_ object: JSONValue, at location: String) throws(RoutingError) {
        guard var members = object.objectValue, let name = members["provider"]?.stringValue else {
            throw RoutingError("expected an object with a member \"provider\"", at: location)
        }
        let id = "http.placeholders.\(name)"
        guard let module = try loader.namedModule(id, at: location),
            case .placeholder(let ops) = module.ops
        else {
            throw RoutingError("no loaded plugin has the module \(id)", at: location)
        }
        members["provider"] = nil
        try provide(module, ops, .object(members), at: location)
    }

    private func provide(
        _ module: LoadedModule, _ ops: UnsafePointer<gw_placeholder_ops>, _ json: JSONValue,
        at location: String
    ) throws(RoutingError) {
        providers.append(Provider(instance: try make(module, json, at: location), ops: ops))
    }

    /// The placeholder that one of the providers has under that name.
    func placeholder(
        _ name: String, at location: String
    ) throws(RoutingError) -> PluginPlaceholder? {
        var owner: ModuleInstance?
        var found: PluginPlaceholder?
        for provider in providers {
            guard let slot = try find(name, in: provider, at: location) else { continue }
            if let owner {
                throw RoutingError(
                    "two modules have the placeholder {\(name)}: \(owner.module.id) of "
                        + "\(owner.module.plugin) and \(provider.instance.module.id) of "
                        + provider.instance.module.plugin, at: location)
            }
            owner = provider.instance
            found = PluginPlaceholder(
                resolve: provider.ops.pointee.resolve, instance: provider.instance.pointer,
                slot: slot)
        }
        return found
    }

    private func find(
        _ name: String, in provider: Provider, at location: String
    ) throws(RoutingError) -> UInt32? {
        let scope = provider.instance.scope
        var slot: UInt32 = 0
        var text = name
        let status = text.withUTF8 { bytes in
            let view = gw_view(ptr: bytes.baseAddress, len: bytes.count)
            return scope.run { provider.ops.pointee.find(provider.instance.pointer, view, &slot) }
        }
        let problem = scope.takeProblems().first
        switch status {
        case GW_OK: return slot
        case GW_E_NOT_FOUND: return nil
        default:
            throw RoutingError(
                "{\(name)}: \(problem?.message ?? "failed with code \(status), gave no reason")",
                at: location)
        }
    }

    private func make(
        _ module: LoadedModule, _ json: JSONValue, at location: String
    ) throws(RoutingError) -> ModuleInstance {
        do throws(LoaderError) {
            return try instances.instance(of: module, json: json)
        } catch {
            throw RoutingError("\(error)", at: location)
        }
    }
}

extension PluginLoader {
    /// The module that an object of the configuration names; says why its plugin cannot be loaded.
    func namedModule(
        _ id: String, at location: String
    ) throws(RoutingError) -> LoadedModule? {
        do throws(LoaderError) { return try module(id) } catch {
            throw RoutingError("\(error)", at: location)
        }
    }
}
