// Reads the tables of a plugin, once, with every rule checked, into tables of the host.
internal import Base
internal import CGateway

/// The tables of one plugin after normalisation.
struct PluginTables {
    let plugin: UnsafePointer<gw_plugin>
    private(set) var modules: [LoadedModule] = []
    private(set) var skipped: [(id: String, kind: String)] = []
    private let manifest: PluginManifest
    private let scope: PluginScope

    /// - Parameter table: What the entry point returned.
    /// - Throws: `LoaderError` naming the table, the member and the rule.
    init(
        _ table: UnsafePointer<gw_plugin>, manifest: PluginManifest, scope: PluginScope
    ) throws(LoaderError) {
        self.manifest = manifest
        self.scope = scope
        let name = manifest.name
        do throws(TableError) {
            plugin = try NormalizedTable<gw_plugin>.make(
                UnsafeRawPointer(table), "gw_plugin",
                sizeMin: Self.end(of: \gw_plugin.module_count), mandatory: [])
        } catch {
            throw LoaderError(.table, plugin: name, error.message)
        }
        try checkPlugin()
        try readModules()
    }

    var skippedWarnings: [String] {
        skipped.map { "module \($0.id): kind \($0.kind) is not supported" }
    }

    private func checkPlugin() throws(LoaderError) {
        let minimum = plugin.pointee.abi_min_minor
        guard minimum <= GW_ABI_MINOR else {
            throw LoaderError.needsNewerHost(plugin: manifest.name, minor: Int64(minimum))
        }
        try match("name", PluginText.identifier(plugin.pointee.name), manifest.name)
        let version = PluginText.strict(plugin.pointee.version, bytesMax: Limits.pluginNameBytesMax)
        try match("version", version, manifest.version)
        guard Int64(minimum) == manifest.abi.minMinor else {
            throw problem(
                "gw_plugin.abi_min_minor is \(minimum), its manifest says \(manifest.abi.minMinor)")
        }
    }

    private mutating func readModules() throws(LoaderError) {
        let count = Int(plugin.pointee.module_count)
        guard count == manifest.modules.count else {
            throw problem("has \(count) modules, its manifest names \(manifest.modules.count)")
        }
        guard count > 0 else { return }
        guard let array = plugin.pointee.modules else {
            throw problem("gw_plugin.modules is NULL, expected \(count) modules")
        }
        for index in 0..<count {
            let address = Self.word(UnsafeRawPointer(array), index)
            try readModule(address, "module \(index)")
        }
        let ids = Set(modules.map(\.id) + skipped.map(\.id))
        guard ids.count == count else { throw problem("has two modules of the same id") }
    }

    private mutating func readModule(
        _ address: UnsafeRawPointer?, _ label: String
    ) throws(LoaderError) {
        let table: UnsafePointer<gw_module> = try make(
            address, label, end: Self.end(of: \gw_module.directive_count),
            mandatory: [.init(name: "instance_ops", member: \gw_module.instance_ops)])
        guard let id = PluginText.identifier(table.pointee.id) else {
            throw problem("\(label) has no valid id, expected printable text without spaces")
        }
        guard let entry = manifest.modules.first(where: { $0.id == id }) else {
            throw problem("has a module \(id) that its manifest does not name")
        }
        let kindID = PluginText.identifier(table.pointee.kind) ?? ""
        guard kindID == entry.kind else {
            throw problem("kind is \"\(kindID)\", its manifest says \(entry.kind)", module: id)
        }
        guard let kind = ModuleKind(id: kindID) else {
            skipped.append((id, kindID))
            return
        }
        modules.append(try makeModule(table, id: id, kind: kind, entry: entry))
    }

    private func makeModule(
        _ table: UnsafePointer<gw_module>, id: String, kind: ModuleKind,
        entry: PluginManifest.Module
    ) throws(LoaderError) -> LoadedModule {
        try checkNames(kind, id, entry)
        let state = try stateLayout(table, id)
        let instanceOps: UnsafePointer<gw_instance_ops> = try make(
            UnsafeRawPointer(table.pointee.instance_ops), "instance_ops",
            end: Self.end(of: \gw_instance_ops.cleanup),
            mandatory: [
                .init(name: "create", member: \gw_instance_ops.create),
                .init(name: "cleanup", member: \gw_instance_ops.cleanup),
            ], module: id)
        return LoadedModule(
            plugin: manifest.name, id: id, kind: kind,
            directives: try directives(of: table, id, entry), instanceOps: instanceOps,
            ops: try kindOps(of: table, id, kind, entry), stateSize: state.size,
            stateAlign: state.align, flags: table.pointee.flags)
    }

    private func stateLayout(
        _ table: UnsafePointer<gw_module>, _ id: String
    ) throws(LoaderError) -> (size: UInt32, align: UInt32) {
        let size = table.pointee.state_size
        let align = table.pointee.state_align == 0 && size == 0 ? 1 : table.pointee.state_align
        guard size <= Limits.moduleStateBytesMax else {
            throw problem(
                "state_size is \(size), expected at most \(Limits.moduleStateBytesMax)", module: id)
        }
        guard align > 0, align <= 16, align & (align - 1) == 0 else {
            throw problem(
                "state_align is \(align), expected a power of two of at most 16", module: id)
        }
        return (size, align)
    }

    /// Matchers and placeholders are found by their ids, and a directive of theirs by the same name.
    private func checkNames(
        _ kind: ModuleKind, _ id: String, _ entry: PluginManifest.Module
    ) throws(LoaderError) {
        guard let namespace = kind.namespace else { return }
        let name = id.dropFirst(namespace.count)
        guard id.hasPrefix(namespace), !name.isEmpty, !name.contains(".") else {
            throw problem("its id is not \(namespace)NAME, as \(entry.kind) asks", module: id)
        }
        for directive in entry.directives where directive.name != name {
            throw problem(
                "gives directive \(directive.name), expected \(name) as in its id", module: id)
        }
    }

    private func kindOps(
        of table: UnsafePointer<gw_module>, _ id: String, _ kind: ModuleKind,
        _ entry: PluginManifest.Module
    ) throws(LoaderError) -> ModuleOps {
        let address = table.pointee.kind_ops
        switch kind {
        case .service: return .service
        case .httpHandler:
            return .httpHandler(try handlerOps(address, id, entry))
        case .matcher:
            return .matcher(
                try make(
                    address, "kind_ops", end: Self.end(of: \gw_matcher_ops.match),
                    mandatory: [.init(name: "match", member: \gw_matcher_ops.match)], module: id))
        case .placeholder:
            return .placeholder(
                try make(
                    address, "kind_ops", end: Self.end(of: \gw_placeholder_ops.resolve),
                    mandatory: [
                        .init(name: "find", member: \gw_placeholder_ops.find),
                        .init(name: "resolve", member: \gw_placeholder_ops.resolve),
                    ], module: id))
        }
    }

    private func handlerOps(
        _ address: UnsafeRawPointer?, _ id: String, _ entry: PluginManifest.Module
    ) throws(LoaderError) -> UnsafePointer<gw_http_handler_ops> {
        let hooks: UnsafePointer<gw_http_handler_ops> = try make(
            address, "kind_ops", end: 8, mandatory: [], module: id)
        for name in entry.hooks {
            guard HandlerHooks.isPresent(name, in: hooks) ?? true else {
                throw problem("its manifest names the hook \(name), which is NULL", module: id)
            }
        }
        return hooks
    }
}

extension PluginTables {
    private func directives(
        of table: UnsafePointer<gw_module>, _ id: String, _ entry: PluginManifest.Module
    ) throws(LoaderError) -> [LoadedDirective] {
        let count = Int(table.pointee.directive_count)
        guard count == entry.directives.count else {
            throw problem(
                "has \(count) directives, its manifest names \(entry.directives.count)", module: id)
        }
        guard count > 0 else { return [] }
        guard let array = table.pointee.directives else {
            throw problem("directives is NULL, expected \(count)", module: id)
        }
        var directives: [LoadedDirective] = []
        for index in 0..<count {
            let address = Self.word(UnsafeRawPointer(array), index)
            directives.append(try directive(address, "directive \(index)", id, entry))
        }
        return directives
    }

    private func directive(
        _ address: UnsafeRawPointer?, _ label: String, _ id: String,
        _ entry: PluginManifest.Module
    ) throws(LoaderError) -> LoadedDirective {
        let table: UnsafePointer<gw_directive> = try make(
            address, label, end: Self.end(of: \gw_directive.parse),
            mandatory: [.init(name: "parse", member: \gw_directive.parse)], module: id)
        guard let name = PluginText.identifier(table.pointee.name) else {
            throw problem("\(label) has no valid name", module: id)
        }
        guard let declared = entry.directives.first(where: { $0.name == name }) else {
            throw problem("has a directive \(name) that its manifest does not name", module: id)
        }
        let text = PluginText.strict(table.pointee.order, bytesMax: Limits.pluginNameBytesMax)
        guard let text, let order = LoadedDirective.Order(text) else {
            throw problem(
                "order of directive \(name) is \"\(text ?? "?")\", expected rank:N, before:NAME, "
                    + "after:NAME or nothing", module: id)
        }
        guard declared.order == text || declared.order.isEmpty else {
            throw problem(
                "order of directive \(name) is \"\(text)\", its manifest says \"\(declared.order)\"",
                module: id)
        }
        return LoadedDirective(
            plugin: manifest.name, module: id, name: name, order: order,
            summary: PluginText.lossy(table.pointee.doc), table: table, scope: scope)
    }

    private func make<Table>(
        _ address: UnsafeRawPointer?, _ label: String, end: Int,
        mandatory: [NormalizedTable<Table>.Mandatory], module: String? = nil
    ) throws(LoaderError) -> UnsafePointer<Table> {
        do throws(TableError) {
            return try NormalizedTable<Table>.make(
                address, label, sizeMin: end, mandatory: mandatory)
        } catch {
            throw problem(error.message, module: module)
        }
    }

    private func match(
        _ member: String, _ found: String?, _ declared: String
    ) throws(LoaderError) {
        guard found == declared else {
            throw problem(
                "gw_plugin.\(member) is \"\(found ?? "not valid")\", its manifest says \"\(declared)\""
            )
        }
    }

    private func problem(_ message: String, module: String? = nil) -> LoaderError {
        LoaderError(.table, plugin: manifest.name, module: module, message)
    }

    /// Bytes of a table up to the end of a member.
    private static func end<Table, Member>(of member: KeyPath<Table, Member>) -> Int {
        (MemoryLayout<Table>.offset(of: member) ?? 0) + MemoryLayout<Member>.size
    }

    /// An element of an array of pointers, as it is.
    private static func word(_ array: UnsafeRawPointer, _ index: Int) -> UnsafeRawPointer? {
        UnsafeRawPointer(
            bitPattern: array.loadUnaligned(
                fromByteOffset: index * MemoryLayout<UInt>.size, as: UInt.self))
    }
}

/// The hooks of HTTP handlers by name.
enum HandlerHooks {
    /// Whether a hook is there; nil for a name that only newer hosts know.
    ///
    /// - Parameter name: With or without `on_`.
    static func isPresent(_ name: String, in hooks: UnsafePointer<gw_http_handler_ops>) -> Bool? {
        let hooks = hooks.pointee
        return switch name.hasPrefix("on_") ? String(name.dropFirst(3)) : name {
        case "request": hooks.on_request != nil
        case "request_body": hooks.on_request_body != nil
        case "request_trailers": hooks.on_request_trailers != nil
        case "response": hooks.on_response != nil
        case "response_body": hooks.on_response_body != nil
        case "response_trailers": hooks.on_response_trailers != nil
        case "writable": hooks.on_writable != nil
        case "cancel": hooks.on_cancel != nil
        case "drain": hooks.on_drain != nil
        case "complete": hooks.on_complete != nil
        case "upstream_head": hooks.on_upstream_head != nil
        case "upstream_failure": hooks.on_upstream_failure != nil
        case "upstream_end": hooks.on_upstream_end != nil
        case "error": hooks.on_error != nil
        default: nil
        }
    }
}

extension LoaderError {
    static func needsNewerHost(plugin: String, minor: Int64) -> LoaderError {
        LoaderError(
            .abi, plugin: plugin,
            "needs host ≥ minor \(minor), this host has minor \(GW_ABI_MINOR)",
            hint: "use a newer gatewright or an older \(plugin)")
    }
}
