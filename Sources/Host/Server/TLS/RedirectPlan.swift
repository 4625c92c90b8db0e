// HTTP→HTTPS redirects of sites whose certificates are managed.
import Base

/// Adds to a configuration's servers what sends plain HTTP to the encrypted site, as Caddy does:
/// behind the routes that name hosts, before those that take any host.
struct RedirectPlan {
    private let httpPort: UInt16
    private let httpsPort: UInt16
    private var targets: [(names: [String], port: UInt16)] = []

    static let serverName = "remaining_auto_https_redirects"

    init(httpPort: UInt16, httpsPort: UInt16) {
        self.httpPort = httpPort
        self.httpsPort = httpsPort
    }

    /// Notes the names of a server that serves them encrypted on `port`.
    mutating func add(_ names: [String], port: UInt16) {
        guard !names.isEmpty else { return }
        targets.append((names, port))
    }

    /// The servers with the redirects in their routes.
    func apply(to servers: [ServerConfiguration]) throws(ServerError) -> [ServerConfiguration] {
        guard !targets.isEmpty else { return servers }
        var servers = servers
        let plain = servers.firstIndex { server in
            server.listen.contains { $0.hasSuffix(":\(httpPort)") }
        }
        if let plain {
            servers[plain].routes = insert(into: servers[plain].routes)
            return servers
        }
        let server: JSONValue = [
            "listen": .array([.string(":\(httpPort)")]), "routes": insert(into: .array([])),
            "automatic_https": ["disable": true],
        ]
        servers.append(try ServerConfiguration(name: Self.serverName, server))
        return servers
    }

    private func insert(into routes: JSONValue) -> JSONValue {
        var list = routes.arrayValue ?? []
        let place = list.firstIndex { !Self.namesHosts($0) } ?? list.count
        list.insert(contentsOf: targets.map(route), at: place)
        return .array(list)
    }

    private static func namesHosts(_ route: JSONValue) -> Bool {
        guard let sets = route["match"]?.arrayValue, !sets.isEmpty else { return false }
        return sets.allSatisfy { $0["host"] != nil }
    }

    private func route(_ target: (names: [String], port: UInt16)) -> JSONValue {
        let port = target.port == httpsPort ? "" : ":\(target.port)"
        return [
            "match": [
                ["protocol": "http", "host": .array(target.names.map(JSONValue.string))]
            ],
            "handle": [
                [
                    "handler": "static_response", "status_code": 308,
                    "headers": [
                        "Location": [
                            .string("https://{http.request.host}\(port){http.request.uri}")
                        ],
                        "Connection": ["close"],
                    ],
                ]
            ],
            "terminal": true,
        ]
    }
}
