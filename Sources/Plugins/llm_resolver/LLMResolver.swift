// The handler "llm_resolver": sets the variable upstream to the service that the host means, or
// passes the request on to it. Hooks are in LLMResolver+Hooks.swift.
package import PluginSDK

package struct LLMResolver: RequestHook, RequestBodyHook, UpstreamFailureHook, ErrorHook,
    WritableHook, DrainHook, CompletionHook
{
    package static let id = "http.handlers.llm_resolver"
    package static let directives = [Directive.llmResolver]
    /// The cache file is read.
    package static let readsFiles = false
    /// The body of an API call is collected and goes nowhere; others pass by unread.
    package static let observesBodies = true

    /// One exchange on its way through this handler.
    package struct State: BitwiseCopyable {
        /// An open stream of events, released in `onComplete`.
        var stream: Unmanaged<EventStream>?
        /// The other address of the same service is tried.
        var triesOther = false
        /// What the table says was wrong: somebody has to look again.
        var isSuspect = false
        /// The body that is collected belongs to a call of the API.
        var isCall = false
    }

    let options: ResolverOptions
    let scope: Scope
    let names: FieldNames
    let hosts: HostRules
    let access: AccessRules
    let pages: Pages
    let upstream: Variable
    /// What calls are like with `proxy on`.
    private(set) var pool: Pool?
    private(set) var resolver: Resolver?

    package init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        options = try ResolverOptions(configuration: &configuration, scope: scope)
        self.scope = scope
        names = try FieldNames(scope)
        hosts = HostRules(options)
        access = AccessRules(token: options.adminToken, names: names)
        pages = try Pages(names: names)
        upstream = scope.variable("upstream")
    }

    package mutating func provision(scope: Scope) throws(PluginError) {
        for warning in options.warnings {
            scope.log(.warn, warning.message, .text("hint", warning.hint))
        }
        if options.proxies { pool = try scope.pool(PoolSpec(dial: "upstream.invalid:80")) }
        let model = options.asksModel ? try ModelTieBreaker(options, scope: scope) : nil
        let resolver = Resolver(options, scope: scope, source: LiveSource(), tieBreaker: model)
        try resolver.start()
        self.resolver = resolver
    }

    package func workerStart(_ worker: Worker) { resolver?.tables.start(worker) }

    package func cleanup() { resolver?.stop() }

    var surface: AdminSurface? {
        resolver.map {
            AdminSurface(
                resolver: $0, names: names, hosts: hosts, access: access, pages: pages,
                isOpen: options.hasLegacyAPI)
        }
    }
}
