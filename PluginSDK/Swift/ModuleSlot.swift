// The life-cycle table of a module type. A C function has no room for a type, so each slot has its
// own create function; all later calls find the type through the instance.
import CGateway

enum ModuleSlot {
    static var countMax: Int { creators.count }

    nonisolated(unsafe) private static var types: [any Module.Type] = []
    nonisolated(unsafe) private static var directives: [String: Directive] = [:]

    private typealias Create =
        @convention(c) (
            OpaquePointer, gw_view, UnsafeMutablePointer<UnsafeMutableRawPointer?>
        ) -> gw_status

    private static let creators: [Create] = [
        { create(0, $0, $1, $2) }, { create(1, $0, $1, $2) }, { create(2, $0, $1, $2) },
        { create(3, $0, $1, $2) }, { create(4, $0, $1, $2) }, { create(5, $0, $1, $2) },
        { create(6, $0, $1, $2) }, { create(7, $0, $1, $2) }, { create(8, $0, $1, $2) },
        { create(9, $0, $1, $2) }, { create(10, $0, $1, $2) }, { create(11, $0, $1, $2) },
    ]

    /// The table of one module; slots are filled in order. [load]
    static func fill(_ slot: Int, with type: any Module.Type) -> gw_module {
        types.append(type)
        let tables = type.directives.map { directive in
            directives[directive.name] = directive
            return UnsafePointer(Permanent.pointer(to: directive.table))
        }
        let handler = type as? any HTTPHandler.Type
        let state = handler?.stateLayout ?? (size: 0, alignment: 1)
        precondition(state.alignment <= 16, "state of \(type.id) is aligned to more than 16")
        return gw_module(
            struct_size: UInt32(MemoryLayout<gw_module>.size), rev: 0,
            id: Permanent.view(type.id),
            kind: Permanent.view(kind(of: type)),
            instance_ops: Permanent.pointer(to: lifeCycle(slot)), kind_ops: kindOps(of: type),
            directives: UnsafePointer(Permanent.array(tables)),
            directive_count: UInt32(tables.count),
            state_size: UInt32(state.size), state_align: UInt32(state.alignment),
            flags: (handler?.observesBodies == true ? GW_MODULE_OBSERVES_BODIES : 0)
                | (type.readsFiles ? GW_MODULE_READS_FILES : 0))
    }

    private static func kind(of type: any Module.Type) -> String {
        switch type {
        case is any HTTPHandler.Type: GW_KIND_HTTP_HANDLER
        case is any MatcherModule.Type: GW_KIND_MATCHER
        case is any PlaceholderModule.Type: GW_KIND_PLACEHOLDER
        default: GW_KIND_SERVICE
        }
    }

    private static func kindOps(of type: any Module.Type) -> UnsafeRawPointer? {
        switch type {
        case let handler as any HTTPHandler.Type:
            UnsafeRawPointer(Permanent.pointer(to: HookTable.make(for: handler)))
        case is any MatcherModule.Type:
            UnsafeRawPointer(Permanent.pointer(to: SelectorTables.matcher))
        case is any PlaceholderModule.Type:
            UnsafeRawPointer(Permanent.pointer(to: SelectorTables.placeholders))
        default: nil
        }
    }

    static func directive(named name: String) -> Directive? { directives[name] }

    private static func lifeCycle(_ slot: Int) -> gw_instance_ops {
        gw_instance_ops(
            struct_size: UInt32(MemoryLayout<gw_instance_ops>.size), rev: 0,
            create: creators[slot],
            provision: { instance, scope in
                step(scope) { (scope) throws(PluginError) in
                    let instance = pointee(instance)
                    try instance.module.provisionValue(at: instance.value, scope: scope)
                }
            },
            validate: { instance, scope in
                step(scope) { (_) throws(PluginError) in
                    let instance = pointee(instance)
                    try instance.module.validateValue(at: instance.value)
                }
            },
            cleanup: { instance in
                guard let instance else { return }
                Instance.destroy(instance.assumingMemoryBound(to: Instance.self))
            },
            worker_start: { instance, worker in
                let instance = pointee(instance)
                instance.module.startValue(at: instance.value, on: Worker(index: worker))
                return GW_OK
            },
            worker_stop: { instance, worker in
                let instance = pointee(instance)
                instance.module.stopValue(at: instance.value, on: Worker(index: worker))
            })
    }

    private static func create(
        _ slot: Int, _ scope: OpaquePointer, _ json: gw_view,
        _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> gw_status {
        step(scope) { (scope) throws(PluginError) in
            let configuration = try JSONValue(parsing: Bytes(json))
            let type = types[slot]
            out.pointee = UnsafeMutableRawPointer(
                try Instance.make(type, configuration: configuration, scope: scope))
        }
    }
}

private func pointee(_ instance: UnsafeMutableRawPointer?) -> Instance {
    instance.unsafelyUnwrapped.assumingMemoryBound(to: Instance.self).pointee
}

/// Runs one step of the life cycle; what it throws becomes the host's diagnostic.
private func step(
    _ scope: OpaquePointer, _ body: (Scope) throws(PluginError) -> Void
) -> gw_status {
    do throws(PluginError) {
        try body(Scope(scope))
        return GW_OK
    } catch {
        error.report { Host.core.pointee.fail(scope, $0) }
        return error.status.code
    }
}
