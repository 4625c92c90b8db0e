// ask_first: another service decides about every request, and may be slow about it.
public import CGateway
import PluginSDK

/// Sends method and path to the service; 200 lets the request pass, 429 is passed on, everything
/// else refuses it. It runs on the loop that owns the request, without locks or threads.
struct AskFirst: AsyncHTTPHandler {
    static let id = "http.handlers.ask_first"
    static let directives = [
        /// ask_first [<matcher>] <address> [<path>]
        Directive(
            "ask_first", order: "before:reverse_proxy", summary: "lets another service decide"
        ) { (call) throws(PluginError) in
            try call.line.expectArguments(1...2)
            let texts = call.line.texts
            return .members([
                "handler": "ask_first", "address": .string(texts[0]),
                "path": texts.count == 2 ? .string(texts[1]) : nil,
            ])
        }
    ]

    private let address: String
    private let path: String
    private let scope: Scope
    private var pool = Pool(rawValue: 0)

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        guard let address = try configuration.string("address") else {
            throw PluginError("address is missing, expected that of the service that decides")
        }
        self.address = address
        path = try configuration.string("path") ?? "/decide"
        self.scope = scope
    }

    mutating func provision(scope: Scope) throws(PluginError) {
        pool = try scope.pool(PoolSpec(dial: address))
    }

    func handle(_ exchange: AsyncExchange) async throws -> Answer {
        let (method, uri) = try exchange.withRequest { ($0.method.text, $0.uri.text) }
        var call = ClientCall(pool: pool, uri: path)
        call.fields = [("X-Method", method), ("X-Uri", uri)]
        guard let decision = try? await scope.send(call) else {
            return .fail(status: 503, message: "the service that decides is away")
        }
        switch decision.status {
        case 200: return .next
        case 429: return .fail(status: 429, message: "too many requests")
        default: return .fail(status: 403, message: "not allowed")
        }
    }
}

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(
        boot, name: "ask_first", version: "1.0.0", needs: [.loop, .client, .upstream],
        modules: [AskFirst.self])
}
