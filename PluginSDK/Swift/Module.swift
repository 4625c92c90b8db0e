// What a plugin author conforms to: a module, and one small protocol per hook.

/// Something that a configuration can name. Its life: `init`, `provision`, `validate`, hooks on
/// every worker at once, `deinit` of what it holds.
///
/// One value is one object of the configuration; a reload that does not change the object keeps
/// the value. Hooks cannot change it, so what they share is constant or synchronised.
public protocol Module: Sendable {
    /// Id of the module, such as "http.handlers.headers".
    static var id: String { get }
    /// Caddyfile directives that turn into this module.
    static var directives: [Directive] { get }
    /// Provisioning reads files that may change: a reload makes the instance anew.
    static var readsFiles: Bool { get }

    /// Reads the configuration; members that nobody read are refused afterwards. No side effects.
    /// Handles (templates, field ids) may be acquired from the scope here already.
    init(configuration: inout Configuration, scope: Scope) throws(PluginError)
    /// Acquires what it needs from the host and other plugins.
    mutating func provision(scope: Scope) throws(PluginError)
    /// Looks at the whole for contradictions; changes nothing.
    func validate() throws(PluginError)
    /// Before the first hook on a worker, and after the last one. [loop]
    func workerStart(_ worker: Worker)
    func workerStop(_ worker: Worker)
    /// The instance has retired; the last call. [config]
    func cleanup()
}

extension Module {
    public static var directives: [Directive] { [] }
    public static var readsFiles: Bool { false }
    public func provision(scope: Scope) throws(PluginError) {}
    public func validate() throws(PluginError) {}
    public func workerStart(_ worker: Worker) {}
    public func workerStop(_ worker: Worker) {}
    public func cleanup() {}
}

/// A module without hooks, for its life cycle and for the services that it publishes.
public protocol ServiceModule: Module {}

/// A module that chooses requests: `http.matchers.NAME` in matcher sets. A directive of that name
/// says how the words of a Caddyfile become its configuration; without one it takes none.
public protocol MatcherModule: Module {
    /// Changes nothing but variables and placeholders. [loop]
    func matches(_ request: inout Request) throws(Status) -> Bool
}

/// A module that gives placeholders values: `http.placeholders.NAME`. With a directive, which is a
/// global option, it exists where a configuration says so, without one always.
public protocol PlaceholderModule: Module {
    /// The number under which `value` gets the placeholder of that name, nil when it has none such.
    /// Asked once per place where a configuration has the name. [config]
    func slot(of name: String) throws(PluginError) -> UInt32?
    /// The value now, nil for none. [loop]
    func value(of slot: UInt32, in request: inout Request) throws(Status) -> Bytes?
}

/// A module that takes part in exchanges, through the hooks that it conforms to below. A hook that
/// a type does not conform to is absent from the table and costs nothing.
public protocol HTTPHandler: Module {
    /// Bytes that go with one exchange, zeroed when it begins; all zeros must be a valid value.
    /// References in it are `Unmanaged` and released in `CompletionHook`. At most 16-byte aligned.
    associatedtype State: BitwiseCopyable = NoState
    /// Body hooks answer next, leave or a failure and emit nothing, so that bodies keep their length.
    static var observesBodies: Bool { get }
}

extension HTTPHandler {
    public static var observesBodies: Bool { false }
}

public struct NoState: BitwiseCopyable, Sendable {}

/// The head of the request is there.
public protocol RequestHook: HTTPHandler {
    /// May answer next, leave, hold, collect, wait, respond, splice, reroute, routes, abort, fail.
    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict
}

/// A piece of the request body on its way to the upstream, or the whole after `collect`.
public protocol RequestBodyHook: HTTPHandler {
    /// May answer next, leave, take, or fail; after `collect` what `onRequest` may, too.
    func onRequestBody(
        _ request: inout Request, _ state: inout State, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict
}

public protocol RequestTrailersHook: HTTPHandler {
    func onRequestTrailers(
        _ request: inout Request, _ state: inout State, _ trailers: inout Fields
    ) throws(Status) -> Verdict
}

/// The head of the response is about to be sent; its fields may still be changed.
public protocol ResponseHook: HTTPHandler {
    /// May answer next, leave, or fail.
    func onResponse(
        _ request: inout Request, _ state: inout State, _ response: inout Response
    ) throws(Status) -> Verdict
}

/// A piece of the response body on its way to the client. Turns the host's zero-copy paths off for
/// the routes of this handler; one that only looks answers `leave` when it has seen enough.
public protocol ResponseBodyHook: HTTPHandler {
    /// May answer next, leave, take, or fail, which breaks the response off.
    func onResponseBody(
        _ request: inout Request, _ state: inout State, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict
}

public protocol ResponseTrailersHook: HTTPHandler {
    func onResponseTrailers(
        _ request: inout Request, _ state: inout State, _ trailers: inout Fields
    ) throws(Status) -> Verdict
}

/// After `Request.write` answered `again`: there is room.
public protocol WritableHook: HTTPHandler {
    func onWritable(_ request: inout Request, _ state: inout State)
}

/// The client left, or a deadline ended the exchange. Tickets are stale already; `onComplete`
/// follows.
public protocol CancelHook: HTTPHandler {
    /// - Parameter reason: `cancelled` or `timeout`.
    func onCancel(_ request: inout Request, _ state: inout State, _ reason: Status)
}

/// The server is about to stop; a stream may end at a good place.
public protocol DrainHook: HTTPHandler {
    func onDrain(_ request: inout Request, _ state: inout State)
}

/// The exchange is over; the only place where state needs to be taken down.
public protocol CompletionHook: HTTPHandler {
    func onComplete(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary)
}

/// The head of the upstream's response is there, nothing of it was sent.
public protocol UpstreamHeadHook: HTTPHandler {
    /// May answer next (to the client), splice after another attach, routes, respond, wait, fail.
    func onUpstreamHead(
        _ request: inout Request, _ state: inout State, _ response: inout Response
    ) throws(Status) -> Verdict
}

/// The upstream call failed. Before the response head it may be tried elsewhere.
public protocol UpstreamFailureHook: HTTPHandler {
    /// May answer splice after another attach, wait, respond, or fail.
    func onUpstreamFailure(
        _ request: inout Request, _ state: inout State, _ failure: borrowing UpstreamFailure
    ) throws(Status) -> Verdict
}

/// The upstream call is over, well or not; once per attach.
public protocol UpstreamEndHook: HTTPHandler {
    func onUpstreamEnd(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary)
}

/// A handler behind this one failed the request, and nothing of a response was sent. Asked before
/// the error routes run, last visited handler first.
public protocol ErrorHook: HTTPHandler {
    /// May answer next (the error goes on), reroute (start over with the request as it was received,
    /// if it is replayable), respond, wait, or fail with another error.
    func onError(
        _ request: inout Request, _ state: inout State, _ failure: borrowing RequestFailure
    ) throws(Status) -> Verdict
}
