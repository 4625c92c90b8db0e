// What the host keeps of a plugin: names as text, tables of its own.
package import CGateway

/// What a module can be to this host.
package enum ModuleKind: Sendable, Equatable {
    case httpHandler
    case matcher
    case placeholder
    case service

    init?(id: String) {
        switch id {
        case GW_KIND_HTTP_HANDLER: self = .httpHandler
        case GW_KIND_MATCHER: self = .matcher
        case GW_KIND_PLACEHOLDER: self = .placeholder
        case GW_KIND_SERVICE: self = .service
        default: return nil
        }
    }

    /// What ids of its modules begin with; nil when they may be anything.
    var namespace: String? {
        switch self {
        case .httpHandler, .service: nil
        case .matcher: "http.matchers."
        case .placeholder: "http.placeholders."
        }
    }
}

/// The functions of a module by its kind: full-size tables, absent members are NULL.
package enum ModuleOps: @unchecked Sendable {
    case httpHandler(UnsafePointer<gw_http_handler_ops>)
    case matcher(UnsafePointer<gw_matcher_ops>)
    case placeholder(UnsafePointer<gw_placeholder_ops>)
    case service
}

/// A plugin that is part of this process. Immutable; lives as long as the process.
package final class LoadedPlugin: Sendable {
    package let name: String
    package let version: String
    package let path: String
    /// Of the file, within this process.
    package let contentHash: Int
    let stamp: FileStamp
    package let manifest: PluginManifest
    package let modules: [LoadedModule]
    /// Modules of a kind that this host does not know: id and kind.
    package let skipped: [(id: String, kind: String)]
    package let warnings: [String]
    /// Owns what the plugin creates outside of instances.
    package let scope: PluginScope
    private nonisolated(unsafe) let table: UnsafePointer<gw_plugin>

    init(
        _ tables: PluginTables, file: PluginFile, manifest: PluginManifest, warnings: [String],
        scope: PluginScope
    ) {
        name = manifest.name
        version = manifest.version
        path = file.path
        contentHash = file.contentHash
        stamp = file.stamp
        self.manifest = manifest
        modules = tables.modules
        skipped = tables.skipped
        self.warnings = warnings
        self.scope = scope
        table = tables.plugin
    }

    /// Calls `init`, once.
    func start() throws(LoaderError) {
        guard let start = table.pointee.`init` else { return }
        let status = scope.run { start() }
        let problem = scope.takeProblems().first
        guard status != GW_OK else { return }
        throw LoaderError(
            .step, plugin: name,
            "init: \(problem?.message ?? "failed with code \(status) and gave no reason")",
            hint: problem?.hint ?? "")
    }

    /// Calls `fini`. Nothing of the plugin may run afterwards.
    func finish() {
        if let finish = table.pointee.fini { scope.run { finish() } }
        scope.retire()
        scope.release()
    }
}

/// A module of a plugin. Immutable; lives as long as the process.
package final class LoadedModule: Sendable {
    package let plugin: String
    package let id: String
    package let kind: ModuleKind
    package let directives: [LoadedDirective]
    package nonisolated(unsafe) let instanceOps: UnsafePointer<gw_instance_ops>
    package let ops: ModuleOps
    /// Bytes of state per exchange.
    package let stateSize: UInt32
    /// A power of two, at most 16.
    package let stateAlign: UInt32
    /// Its body hooks neither change nor keep bytes.
    package let observesBodies: Bool
    /// Its instances depend on files too, so that no reload carries them over.
    package let readsFiles: Bool

    init(
        plugin: String, id: String, kind: ModuleKind, directives: [LoadedDirective],
        instanceOps: UnsafePointer<gw_instance_ops>, ops: ModuleOps, stateSize: UInt32,
        stateAlign: UInt32, flags: UInt32
    ) {
        self.plugin = plugin
        self.id = id
        self.kind = kind
        self.directives = directives
        self.instanceOps = instanceOps
        self.ops = ops
        self.stateSize = stateSize
        self.stateAlign = stateAlign
        observesBodies = flags & GW_MODULE_OBSERVES_BODIES != 0
        readsFiles = flags & GW_MODULE_READS_FILES != 0
    }

    /// Of a matcher or of placeholders: its id without the namespace.
    package var shortName: String {
        guard let namespace = kind.namespace else { return id }
        return String(id.dropFirst(namespace.count))
    }
}

/// A directive of a module. Immutable; lives as long as the process.
package final class LoadedDirective: Sendable {
    /// Where a directive stands among the directives of a site.
    package enum Order: Sendable, Equatable {
        case rank(Int)
        case before(String)
        case after(String)
        case unordered

        /// "rank:N", "before:NAME", "after:NAME" or empty; nil for anything else.
        package init?(_ text: String) {
            if text.isEmpty {
                self = .unordered
                return
            }
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let value = String(text[text.index(after: colon)...])
            switch text[..<colon] {
            case "rank":
                guard let rank = Int(value) else { return nil }
                self = .rank(rank)
            case "before" where PluginName.isIdentifier(value): self = .before(value)
            case "after" where PluginName.isIdentifier(value): self = .after(value)
            default: return nil
            }
        }
    }

    package let plugin: String
    package let module: String
    package let name: String
    package let order: Order
    /// `GW_DIRECTIVE_*`
    package let flags: UInt32
    /// One line.
    package let summary: String
    nonisolated(unsafe) let table: UnsafePointer<gw_directive>
    let scope: PluginScope

    init(
        plugin: String, module: String, name: String, order: Order, summary: String,
        table: UnsafePointer<gw_directive>, scope: PluginScope
    ) {
        self.plugin = plugin
        self.module = module
        self.name = name
        self.order = order
        flags = table.pointee.flags
        self.summary = summary
        self.table = table
        self.scope = scope
    }

    package var takesMatcher: Bool { flags & GW_DIRECTIVE_MATCHER != 0 }
    package var isExclusive: Bool { flags & GW_DIRECTIVE_EXCLUSIVE != 0 }
    package var hasAlternatives: Bool { flags & GW_DIRECTIVE_ALTERNATIVES != 0 }
    package var carriesCredential: Bool { flags & GW_DIRECTIVE_CREDENTIAL != 0 }
    package var lastWins: Bool { flags & GW_DIRECTIVE_LAST_WINS != 0 }
}
