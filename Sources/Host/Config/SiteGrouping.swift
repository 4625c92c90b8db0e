// Which sites share a server: sites by listener address, addresses with the same sites together.
import Base

/// A site with the addresses that one listener serves.
struct Site {
    /// Position among all sites of the configuration.
    var index: Int
    var keys: [Token]
    var addresses: [SiteAddress]
    let pile: SitePile

    /// Host names, without doubles; none when one key is for all hosts.
    var hosts: [String] {
        if hasCatchAll { return [] }
        return Self.unique(addresses.map(\.host))
    }

    /// Host names for access logs, with ports that are no default.
    var logHosts: [String] {
        Self.unique(addresses.filter { !$0.host.isEmpty }.map(\.host))
    }

    func httpsHosts(httpPort: String) -> [String] {
        let secure = addresses.filter {
            !$0.host.isEmpty && $0.scheme != "http" && $0.port != httpPort
        }
        return Self.unique(secure.map(\.host))
    }

    var hasCatchAll: Bool { addresses.contains { $0.host.isEmpty } }
    var isAllHTTP: Bool { addresses.allSatisfy { $0.scheme == "http" } }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

/// A server in the making: its listeners and its sites.
struct ServerGroup {
    var listeners: [(address: String, protocols: [String])]
    /// In the order in which they are tried.
    var sites: [Site]
}

struct SiteGrouping {
    let options: GlobalOptions
    /// Sites by listener address and protocol; no protocol is "".
    private var sites: [String: [String: [Site]]] = [:]

    init(options: GlobalOptions) { self.options = options }

    /// Groups the sites of a configuration into servers, in the order of their names.
    static func group(
        _ blocks: [(block: SiteBlock, pile: SitePile)], options: GlobalOptions
    ) throws(ConfigError) -> [ServerGroup] {
        var grouping = SiteGrouping(options: options)
        for (index, entry) in blocks.enumerated() {
            try grouping.add(entry.block, entry.pile, index: index)
        }
        return grouping.consolidated()
    }

    private mutating func add(
        _ block: SiteBlock, _ pile: SitePile, index: Int
    ) throws(ConfigError) {
        var local: [String: [String: Site]] = [:]
        for key in block.keys {
            let address = try SiteAddress(key)
            for (listener, protocols) in try listeners(of: address, key, pile) {
                for name in protocols.isEmpty ? [""] : protocols {
                    local[listener, default: [:]][
                        name, default: Site(index: index, keys: [], addresses: [], pile: pile)
                    ].add(key, address)
                }
            }
        }
        for (listener, byProtocol) in local {
            for (name, site) in byProtocol {
                sites[listener, default: [:]][name, default: []].append(site)
            }
        }
    }

    /// The listeners of one address of a site, each with its protocols.
    private func listeners(
        of address: SiteAddress, _ key: Token, _ pile: SitePile
    ) throws(ConfigError) -> [String: Set<String>] {
        let httpPort = options.httpPortText
        let httpsPort = options.httpsPortText
        var port = address.port
        if port.isEmpty { port = address.scheme == "http" ? httpPort : httpsPort }
        if (address.scheme == "http" && port == httpsPort)
            || (address.scheme == "https" && port == httpPort)
        {
            throw ConfigError(
                "[\(address.withImpliedScheme())] scheme and port violate convention", at: key)
        }
        var bindings = pile.bindings
        if bindings.isEmpty {
            bindings = options.defaultBindings ?? [Binding(addresses: [""], protocols: [])]
        }
        var listeners: [String: Set<String>] = [:]
        for binding in bindings {
            for bound in binding.addresses {
                do {
                    let parts = try NetworkAddress.split(bound)
                    let full = NetworkAddress.join(
                        network: parts.network, host: parts.host, port: port)
                    let address = try NetworkAddress(full).description
                    listeners[address] = Set(binding.protocols)
                } catch {
                    throw ConfigError("cannot listen on \"\(bound)\": \(error.message)", at: key)
                }
            }
        }
        return listeners
    }

    private func consolidated() -> [ServerGroup] {
        var remaining = sites
        var groups: [ServerGroup] = []
        for listener in sites.keys.sorted() {
            for name in (remaining[listener] ?? [:]).keys.sorted() {
                guard let own = remaining[listener]?[name] else {
                    // A further protocol of the group just made. Caddy counts it as a server
                    // without anything, and the names of the next servers depend on that.
                    groups.append(ServerGroup(listeners: [], sites: []))
                    continue
                }
                var shared: [(address: String, protocols: [String])] = []
                for other in remaining.keys.sorted() {
                    let same = (remaining[other] ?? [:]).filter { Self.areEqual($0.value, own) }
                    if same.isEmpty { continue }
                    for name in same.keys { remaining[other]?[name] = nil }
                    shared.append((other, same.keys.sorted()))
                }
                groups.append(ServerGroup(listeners: shared, sites: SiteOrder.sorted(own)))
            }
        }
        return groups
    }

    private static func areEqual(_ left: [Site], _ right: [Site]) -> Bool {
        left.elementsEqual(right) { $0.index == $1.index && $0.addresses == $1.addresses }
    }
}

extension Site {
    fileprivate mutating func add(_ key: Token, _ address: SiteAddress) {
        keys.append(key)
        addresses.append(address)
    }
}
