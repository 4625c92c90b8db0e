// The handler "reverse_proxy": chooses an upstream and lets the host pump the call.
import PluginSDK

struct ReverseProxy: RequestHook {
    static let id = "http.handlers.reverse_proxy"
    static let directives = [Directive.reverseProxy]

    private let dials: [String]
    private let requestFields: FieldOperations?
    private let responseFields: FieldOperations?
    private let isTLS: Bool
    private var pools: [Pool] = []

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        dials = try configuration.objects("upstreams") {
            (upstream) throws(PluginError) in try upstream.string("dial") ?? ""
        }
        _ = try configuration.int("flush_interval")
        var (request, response): (FieldOperations?, FieldOperations?)
        try configuration.object("headers") { (headers) throws(PluginError) in
            request = try headers.object("request") { (operations) throws(PluginError) in
                try FieldOperations(configuration: &operations, scope: scope)
            }
            response = try headers.object("response") { (operations) throws(PluginError) in
                try FieldOperations(configuration: &operations, scope: scope)
            }
        }
        (requestFields, responseFields) = (request, response)
        isTLS = configuration.value("transport") != nil
    }

    mutating func provision(scope: Scope) throws(PluginError) {
        for dial in dials {
            var spec = PoolSpec(dial: dial)
            if isTLS { spec.options.insert(.tls) }
            pools.append(try scope.pool(spec))
        }
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        guard let pool = pools.first else {
            return request.fail(status: 503, "no upstream is configured", code: .upstream)
        }
        var options: OutgoingOptions = [.forwarded, .via]
        if request.isFromTrustedPeer { options.insert(.trusted) }
        let exchange = request.exchange
        var fields = try request.outgoing(options)
        try requestFields?.apply(to: &fields, in: exchange)
        return try request.attach(pool, isTLS ? .hostOfUpstream : [])
    }
}
