// Instances of one generation, shared with the generations before and after it.
package import Base

/// What makes two instances the same: the plugin's content, the module, its configuration, and
/// which one of several equal ones it is.
package struct InstanceIdentity: Sendable, Hashable {
    package let contentHash: Int
    package let module: String
    /// Canonical: sorted keys.
    package let json: String
    /// 0 for the first object of the generation that says the same.
    package let occurrence: Int

    package init(contentHash: Int, module: String, json: JSONValue, occurrence: Int = 0) {
        self.init(
            contentHash: contentHash, module: module, json: json.serialized(),
            occurrence: occurrence)
    }

    private init(contentHash: Int, module: String, json: String, occurrence: Int) {
        self.contentHash = contentHash
        self.module = module
        self.json = json
        self.occurrence = occurrence
    }

    func occurrence(_ number: Int) -> InstanceIdentity {
        InstanceIdentity(
            contentHash: contentHash, module: module, json: json, occurrence: number)
    }
}

/// The live instances of the process. Control thread only.
package final class InstanceCache {
    private struct Entry {
        var instance: ModuleInstance
        var uses: Int
    }

    private var entries: [InstanceIdentity: Entry] = [:]
    private var uniqueCount = 0

    package init() {}

    /// Whether a reload may carry an instance over: there is none yet, or it stands for itself and
    /// its files say what they said.
    fileprivate func allows(_ identity: InstanceIdentity) -> Bool {
        guard let scope = entries[identity]?.instance.scope else { return true }
        return !scope.isBoundToGeneration && !scope.hasChangedFiles
    }

    /// An occurrence that no other instance has: for those that are never carried over.
    fileprivate func uniqueOccurrence() -> Int {
        uniqueCount -= 1
        return uniqueCount
    }

    package var count: Int { entries.count }

    fileprivate func acquire(
        _ module: LoadedModule, _ identity: InstanceIdentity
    ) throws(LoaderError) -> (instance: ModuleInstance, isNew: Bool) {
        if let known = entries[identity] {
            entries[identity]?.uses += 1
            return (known.instance, false)
        }
        let instance = try ModuleInstance(module, identity: identity)
        entries[identity] = Entry(instance: instance, uses: 1)
        return (instance, true)
    }

    /// - Returns: Whether nobody uses it any more.
    fileprivate func release(_ instance: ModuleInstance) -> Bool {
        guard let entry = entries[instance.identity] else { return false }
        guard entry.uses == 1 else {
            entries[instance.identity]?.uses -= 1
            return false
        }
        entries[instance.identity] = nil
        return true
    }
}

/// The instances of one generation, in the order in which they were made. Control thread only.
package final class InstanceSet {
    private let cache: InstanceCache
    private let loader: PluginLoader
    private var occurrences: [InstanceIdentity: Int] = [:]
    package private(set) var instances: [ModuleInstance] = []
    /// Those that no earlier generation had: their workers are to be started.
    package private(set) var fresh: [ModuleInstance] = []

    package init(cache: InstanceCache, loader: PluginLoader) {
        self.cache = cache
        self.loader = loader
    }

    /// The instance for one object of the configuration, carried over if an equal one is alive.
    ///
    /// - Throws: `LoaderError` when a step of a new instance failed. `release` is still to be called.
    package func instance(
        of module: LoadedModule, json: JSONValue
    ) throws(LoaderError) -> ModuleInstance {
        let first = InstanceIdentity(
            contentHash: loader.registry.plugin(module.plugin)?.contentHash ?? 0, module: module.id,
            json: json)
        let number =
            module.readsFiles ? cache.uniqueOccurrence() : occurrences[first, default: 0]
        var identity = first.occurrence(number)
        if !cache.allows(identity) { identity = first.occurrence(cache.uniqueOccurrence()) }
        let (instance, isNew) = try cache.acquire(module, identity)
        if !module.readsFiles { occurrences[first] = number + 1 }
        instances.append(instance)
        if isNew { fresh.append(instance) }
        return instance
    }

    /// What the instances were made from beside the configuration.
    package var files: [String: FileDigest] {
        instances.reduce(into: [:]) { files, instance in
            files.merge(instance.scope.files) { first, _ in first }
        }
    }

    /// Gives the generation's instances back.
    ///
    /// - Returns: Those that nobody uses any more, users before what they use: the caller stops
    ///   their workers, then calls `cleanUp` on each in this order.
    package func release() -> [ModuleInstance] {
        defer {
            instances = []
            fresh = []
            occurrences = [:]
        }
        return instances.reversed().filter(cache.release)
    }
}
