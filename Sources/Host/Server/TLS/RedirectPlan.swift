// HTTP→HTTPS redirects of sites whose certificates are managed.
import Base

/// Adds to a configuration's servers what sends plain HTTP to the encrypted site, as Caddy does:
/// behind the routes that name hosts, before those that take any host.
struct RedirectPlan {
    private let httpPort: UInt16
    private let httpsPort: UInt16
    private struct Target {
        let names: [String]
        let port: UInt16
    }

    /// By the address that plain HTTP comes in at: the one of the encrypted site with another port.
    private var targets: [String: [Target]] = [:]

    static let serverName = "remaining_auto_https_redirects"

    init(httpPort: UInt16, httpsPort: UInt16) {
        self.httpPort = httpPort
        self.httpsPort = httpsPort
    }

    /// Notes a server that is encrypted on `port`, with the names that it serves; without names it
    /// serves all.
    mutating func add(_ names: [String], _ server: ServerConfiguration, port: UInt16) {
        guard !names.isEmpty || port == httpsPort else { return }
        for address in Set(server.listen.compactMap(plainAddress)) {
            targets[address, default: []].append(Target(names: names, port: port))
        }
    }

    private func plainAddress(_ address: String) -> String? {
        guard !address.hasPrefix("unix/"), let colon = address.lastIndex(of: ":") else {
            return nil
        }
        return "\(address[..<colon]):\(httpPort)"
    }

    /// The servers with the redirects in their routes. Addresses that no server has get one.
    func apply(to servers: [ServerConfiguration]) throws(ServerError) -> [ServerConfiguration] {
        var servers = servers
        var remaining: [(address: String, targets: [Target])] = []
        for (address, targets) in targets.sorted(by: { $0.key < $1.key }) {
            if let index = servers.firstIndex(where: { $0.listen.contains(address) }) {
                servers[index].routes = insert(targets, into: servers[index].routes)
            } else {
                remaining.append((address, targets))
            }
        }
        guard !remaining.isEmpty else { return servers }
        var all: [Target] = []
        for target in remaining.flatMap(\.targets)
        where !all.contains(where: { $0.names == target.names && $0.port == target.port }) {
            all.append(target)
        }
        let server: JSONValue = [
            "listen": .array(remaining.map { .string($0.address) }),
            "routes": insert(all, into: .array([])), "automatic_https": ["disable": true],
        ]
        servers.append(try ServerConfiguration(name: Self.serverName, server))
        return servers
    }

    /// Names go behind the routes that name hosts and before those that take any; behind all of
    /// them, in case that none takes any, the rest is sent to the HTTPS port.
    private func insert(_ targets: [Target], into routes: JSONValue) -> JSONValue {
        var list = routes.arrayValue ?? []
        let place = list.firstIndex { !Self.namesHosts($0) } ?? list.count
        list.insert(contentsOf: targets.filter { !$0.names.isEmpty }.map(route), at: place)
        list.append(route(Target(names: [], port: httpsPort)))
        return .array(list)
    }

    private static func namesHosts(_ route: JSONValue) -> Bool {
        guard let sets = route["match"]?.arrayValue, !sets.isEmpty else { return false }
        return sets.allSatisfy { $0["host"] != nil }
    }

    private func route(_ target: Target) -> JSONValue {
        var matchers: [String: JSONValue] = ["protocol": "http"]
        if !target.names.isEmpty {
            matchers["host"] = .array(target.names.map(JSONValue.string))
        }
        let port = target.port == httpsPort ? "" : ":\(target.port)"
        return [
            "match": [.object(matchers)],
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
