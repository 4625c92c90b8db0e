// The handler "reverse_proxy": its configuration and what it acquires. Hooks are in
// ReverseProxy+Hooks.swift.
import PluginSDK

struct ReverseProxy: RequestHook, UpstreamHeadHook, UpstreamFailureHook {
    static let id = "http.handlers.reverse_proxy"
    static let directives = [Directive.reverseProxy]

    /// One exchange on its way through this handler.
    struct State: BitwiseCopyable {
        /// Of the upstream that has the request.
        var upstream: UInt32 = 0
        /// Attempts after the first one.
        var retries: UInt32 = 0
        /// Upstreams that were tried, one bit each, as far as there are bits.
        var tried: UInt64 = 0
        /// When the first and the current attempt began, monotonic nanoseconds.
        var start: UInt64 = 0
        var attemptStart: UInt64 = 0
    }

    let scope: Scope
    private let configured: [ConfiguredUpstream]
    let transport: Transport
    let policy: SelectionPolicy
    let retryRules: RetryRules
    private let active: ActiveHealth?
    let trustedProxies: AddressRanges?
    let rewrite: RequestRewrite?
    let requestFields: FieldOperations?
    let responseFields: FieldOperations?
    let responseHandlers: ResponseHandlers?
    /// Fields of answers that changes of the response name.
    let captured: CapturedFields?
    let setsUpstreamPlaceholders: Bool
    let looksAtResponses: Bool
    var table: UpstreamTable
    var workers: WorkerStates?

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        self.scope = scope
        if configuration.value("dynamic_upstreams") != nil { throw .unsupported("dynamic") }
        configured = try configuration.objects("upstreams") { (upstream) throws(PluginError) in
            try ConfiguredUpstream(configuration: &upstream)
        }
        transport =
            try configuration.object("transport") { (transport) throws(PluginError) in
                try Transport(configuration: &transport, scope: scope)
            } ?? Transport()
        let balancing = try Self.loadBalancing(&configuration, scope)
        (policy, retryRules) = (balancing?.policy ?? .random, balancing?.rules ?? RetryRules())
        let health = try Self.healthChecks(&configuration, scope)
        active = health?.active
        table = UpstreamTable(passive: health?.passive)
        trustedProxies = try configuration.strings("trusted_proxies").map {
            (ranges) throws(PluginError) in try AddressRanges(ranges, member: "trusted_proxies")
        }
        rewrite = try configuration.object("rewrite") { (rewrite) throws(PluginError) in
            try RequestRewrite(configuration: &rewrite, scope: scope)
        }
        let changes = try FieldsOfBothWays(configuration.value("headers"), scope)
        (requestFields, responseFields) = (changes.request, changes.response)
        (captured, setsUpstreamPlaceholders) = (changes.captured, changes.namesUpstream)
        responseHandlers = try configuration.value("handle_response").map {
            (handlers) throws(PluginError) in try ResponseHandlers(handlers, scope: scope)
        }
        looksAtResponses =
            responseFields != nil || responseHandlers != nil
            || health?.passive?.looksAtResponses == true
        try Self.ignoreTuning(&configuration)
    }

    mutating func provision(scope: Scope) throws(PluginError) {
        try table.open(configured, transport: transport, active: active, scope: scope)
        workers = WorkerStates()
    }

    func validate() throws(PluginError) {
        try policy.validate(upstreamCount: configured.count)
    }

    func cleanup() {
        table.release()
        workers?.deallocate()
    }

    private static func loadBalancing(
        _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> (policy: SelectionPolicy?, rules: RetryRules)? {
        try configuration.object("load_balancing") { (balancing) throws(PluginError) in
            let policy = try balancing.object("selection_policy") {
                (policy) throws(PluginError) in
                try SelectionPolicy(configuration: &policy, scope: scope)
            }
            return (policy, try RetryRules(configuration: &balancing))
        }
    }

    private static func healthChecks(
        _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> (active: ActiveHealth?, passive: PassiveHealth?)? {
        try configuration.object("health_checks") { (checks) throws(PluginError) in
            let active = try checks.object("active") { (active) throws(PluginError) in
                try ActiveHealth(configuration: &active, scope: scope)
            }
            let passive = try checks.object("passive") { (passive) throws(PluginError) in
                try PassiveHealth(configuration: &passive)
            }
            return (active ?? nil, passive)
        }
    }

    /// Members that the host's way of moving bytes leaves nothing to do for: it never holds a
    /// stream back, and sends requests as they come.
    private static func ignoreTuning(_ configuration: inout Configuration) throws(PluginError) {
        for name in [
            "flush_interval", "request_buffers", "response_buffers", "stream_timeout",
            "stream_close_delay", "stream_buffer_size",
        ] {
            _ = try configuration.int(name)
        }
        _ = try configuration.bool("verbose_logs")
    }
}

/// The member "headers": changes on the way up and down, and the placeholders that they name.
private struct FieldsOfBothWays {
    private(set) var request: FieldOperations?
    private(set) var response: FieldOperations?
    private(set) var captured: CapturedFields?
    private(set) var namesUpstream = false

    init(_ value: JSONValue?, _ scope: Scope) throws(PluginError) {
        guard let value else { return }
        namesUpstream = value.serialized.contains(text: "{http.reverse_proxy.upstream.")
        var headers = try Configuration(value, path: "headers")
        request = try headers.object("request") { (operations) throws(PluginError) in
            try FieldOperations(configuration: &operations, of: .request, scope: scope)
        }
        response = try headers.object("response") { (operations) throws(PluginError) in
            _ = operations.value("deferred")
            if operations.value("require") != nil { throw .unsupported("headers.response.require") }
            return try FieldOperations(
                configuration: &operations, of: .response, scope: scope)
        }
        try headers.finish()
        if response != nil { captured = try CapturedFields(usedIn: value, scope: scope) }
    }
}
