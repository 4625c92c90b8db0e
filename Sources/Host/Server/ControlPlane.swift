// What plugins compile while they are provisioned, and the registries that outlive generations.
import Base
import CGateway
import HTTP
import Loader
import Routing
import Services
import Synchronization
import Transport

/// Names, templates and routes of the process. Used by the control thread; behind a lock because
/// the ABI's functions carry no context.
struct Registries {
    let names: NameRegistry
    var templates = TemplateRegistry()
    var routes = RoutesRegistry()
}

extension Registries {
    /// Ties a template to the life of its owner.
    mutating func addTemplate(_ template: Template, owner: PluginScope) -> UInt32 {
        if template.usesPlugins { owner.bindToGeneration() }
        let handle = templates.add(template)
        owner.onRelease { ControlPlane.withRegistries { $0.templates.remove(handle) } }
        return handle
    }
}

/// The control thread's state. Building a generation sets `compiler`; plugins reach it through
/// `gw.http/1`.
enum ControlPlane {
    /// The lock is taken by the control thread, and by releases at the end of a scope.
    private struct State: @unchecked Sendable {
        var registries: Registries
        var compiler: RouteCompiler?
    }

    private static let state = Mutex(
        State(
            registries: Registries(
                names: NameRegistry(
                    internFieldName: { FieldNames.intern($0) },
                    environment: { ControlFiles.environment($0) },
                    readFile: { path in
                        FilesRead.note(path)
                        return try? ControlFiles.read(path)
                    },
                    regexEngine: RoutingRegex.engine, hostname: ControlFiles.hostname,
                    workingDirectory: ControlFiles.workingDirectory)),
            compiler: nil))

    static func withRegistries<Result: Sendable, Failure: Error>(
        _ body: (inout Registries) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { (state) throws(Failure) in try body(&state.registries) }
    }

    static var names: NameRegistry { state.withLock { Box($0.registries.names) }.value }

    /// Handlers' own routes are compiled with the compiler of the server that they belong to.
    static func setCompiler(_ compiler: RouteCompiler?) {
        let box = Box(compiler)
        state.withLock { $0.compiler = box.value }
    }

    /// Compiles routes inside a handler's configuration. The compiler may provision further
    /// handlers, so the lock is not held meanwhile.
    static func compileRoutes(_ routes: JSONValue, owner: PluginScope) throws -> UInt32 {
        guard let compiler = state.withLock({ Box($0.compiler) }).value else {
            throw RoutingError(
                "routes can only be compiled while a handler is provisioned", at: owner.name)
        }
        let program = try compiler.compileRoutes(routes, at: owner.name)
        // Its handlers are numbers of the generation that is being built.
        owner.bindToGeneration()
        let handle = withRegistries { $0.routes.add(program) }
        owner.onRelease { withRegistries { $0.routes.remove(handle) } }
        return handle
    }

    /// Compiles a template. That may ask plugins for their placeholders, so the lock is not held
    /// meanwhile.
    static func compileTemplate(
        _ text: String, flags: UInt32, owner: PluginScope
    ) throws(RoutingError) -> UInt32 {
        let template = try Template(text, flags: flags, names: names, at: owner.name)
        return withRegistries { $0.addTemplate(template, owner: owner) }
    }

    /// Evaluates a template while there is no request; the text lives as long as the process.
    static func evaluate(_ template: UInt32, into out: UnsafeMutablePointer<gw_view>) -> gw_status {
        guard let compiled = withRegistries({ $0.templates[template] }) else {
            return GW_E_INVALID
        }
        if let constant = compiled.constant {
            out.pointee = gw_view(constant)
            return GW_OK
        }
        // A placeholder of a plugin needs a request.
        guard !compiled.usesPlugins else { return GW_E_INVALID }
        let context = RequestContext(arena: Arena())
        context.wallNanoseconds = Int64(clamping: WallClock.nanoseconds())
        guard let text = compiled.evaluateCopied(context) else { return GW_E_LIMIT }
        out.pointee = gw_view(PermanentText.copy(text))
        return GW_OK
    }

    /// Carries what is confined to the control thread through the lock's sending rules.
    private struct Box<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}

/// Text that a plugin may keep for ever: made while it is provisioned, bounded by its configuration.
enum PermanentText {
    static func copy(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, text.count), alignment: 1)
        memory.copyMemory(from: text)
        return UnsafeRawBufferPointer(rebasing: memory[..<text.count])
    }
}
