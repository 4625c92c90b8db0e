// One instance of a module behind the pointer that the host passes to every hook.

/// The value that an author wrote, and which hooks its type has.
///
/// Metatypes are plain pointers to a type and its conformance: a hook is two indirect calls, with
/// no reference counting, no cast and no allocation.
struct Instance {
    let value: UnsafeMutableRawPointer
    let scope: OpaquePointer
    let module: any Module.Type
    let request: (any RequestHook.Type)?
    let requestBody: (any RequestBodyHook.Type)?
    let requestTrailers: (any RequestTrailersHook.Type)?
    let response: (any ResponseHook.Type)?
    let responseBody: (any ResponseBodyHook.Type)?
    let responseTrailers: (any ResponseTrailersHook.Type)?
    let writable: (any WritableHook.Type)?
    let cancel: (any CancelHook.Type)?
    let drain: (any DrainHook.Type)?
    let completion: (any CompletionHook.Type)?
    let upstreamHead: (any UpstreamHeadHook.Type)?
    let upstreamFailure: (any UpstreamFailureHook.Type)?
    let upstreamEnd: (any UpstreamEndHook.Type)?
    let matcher: (any MatcherModule.Type)?
    let placeholders: (any PlaceholderModule.Type)?
    let error: (any ErrorHook.Type)?

    /// Makes the value from its configuration and keeps it until `destroy`.
    static func make<Made: Module>(
        _ type: Made.Type, configuration: JSONValue, scope: Scope
    ) throws(PluginError) -> UnsafeMutablePointer<Instance> {
        var reader = try Configuration(configuration, path: "")
        reader.ignore("handler")
        let made = try Made(configuration: &reader, scope: scope)
        try reader.finish()
        let value = Permanent.pointer(to: made)
        return Permanent.pointer(
            to: Instance(type, value: UnsafeMutableRawPointer(value), scope: scope.pointer))
    }

    private init<Made: Module>(
        _ type: Made.Type, value: UnsafeMutableRawPointer, scope: OpaquePointer
    ) {
        self.value = value
        self.scope = scope
        module = type
        request = type as? any RequestHook.Type
        requestBody = type as? any RequestBodyHook.Type
        requestTrailers = type as? any RequestTrailersHook.Type
        response = type as? any ResponseHook.Type
        responseBody = type as? any ResponseBodyHook.Type
        responseTrailers = type as? any ResponseTrailersHook.Type
        writable = type as? any WritableHook.Type
        cancel = type as? any CancelHook.Type
        drain = type as? any DrainHook.Type
        completion = type as? any CompletionHook.Type
        upstreamHead = type as? any UpstreamHeadHook.Type
        upstreamFailure = type as? any UpstreamFailureHook.Type
        upstreamEnd = type as? any UpstreamEndHook.Type
        matcher = type as? any MatcherModule.Type
        placeholders = type as? any PlaceholderModule.Type
        error = type as? any ErrorHook.Type
    }

    static func destroy(_ instance: UnsafeMutablePointer<Instance>) {
        let (module, value) = (instance.pointee.module, instance.pointee.value)
        module.destroyValue(at: value)
        instance.deinitialize(count: 1)
        instance.deallocate()
    }
}

extension Module {
    @inline(__always)
    static func value(at pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Self> {
        pointer.assumingMemoryBound(to: Self.self)
    }

    static func destroyValue(at pointer: UnsafeMutableRawPointer) {
        let value = value(at: pointer)
        value.pointee.cleanup()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    static func provisionValue(
        at pointer: UnsafeMutableRawPointer, scope: Scope
    ) throws(PluginError) {
        try value(at: pointer).pointee.provision(scope: scope)
    }

    static func validateValue(at pointer: UnsafeMutableRawPointer) throws(PluginError) {
        try value(at: pointer).pointee.validate()
    }

    static func startValue(at pointer: UnsafeMutableRawPointer, on worker: Worker) {
        value(at: pointer).pointee.workerStart(worker)
    }

    static func stopValue(at pointer: UnsafeMutableRawPointer, on worker: Worker) {
        value(at: pointer).pointee.workerStop(worker)
    }
}

extension HTTPHandler {
    @inline(__always)
    static func state(at pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<State> {
        pointer.assumingMemoryBound(to: State.self)
    }

    static var stateLayout: (size: Int, alignment: Int) {
        (MemoryLayout<State>.size, MemoryLayout<State>.alignment)
    }
}
