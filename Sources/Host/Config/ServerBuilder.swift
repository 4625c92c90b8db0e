// Servers of the HTTP app: routes of their sites, errors, logs, TLS policies.
import Base

/// One server while it is built.
struct Server {
    var listen: [String] = []
    var listenProtocols: [JSONValue]?
    var automaticHTTPS: JSONObject = [:]
    var routes: [Route] = []
    var errorRoutes: [Route]?
    var namedRoutes: JSONObject = [:]
    var policies: [ConnectionPolicy] = []
    var logs: ServerLogs?

    var json: JSONObject {
        var members: JSONObject = [:]
        members.set("listen", listen)
        if let listenProtocols { members["listen_protocols"] = .array(listenProtocols) }
        members.set("automatic_https", automaticHTTPS)
        members.set("routes", routes.map(\.json))
        if let errorRoutes {
            var errors: JSONObject = [:]
            errors.set("routes", errorRoutes.map(\.json))
            members["errors"] = .object(errors)
        }
        members.set("named_routes", namedRoutes)
        members.set("tls_connection_policies", policies.map(\.json))
        if let logs { members["logs"] = .object(logs.json) }
        return members
    }
}

/// Which requests a server writes to which access log.
struct ServerLogs {
    var defaultName = ""
    var names: [String: [String]] = [:]
    var skipHosts: [String] = []
    var skipsUnmappedHosts = false

    var json: JSONObject {
        var members: JSONObject = [:]
        members.set("default_logger_name", defaultName)
        members.set("logger_names", names.mapValues { .strings($0) })
        members.set("skip_hosts", skipHosts.sorted())
        members.set("skip_unmapped_hosts", skipsUnmappedHosts)
        return members
    }
}

struct ServerBuilder {
    let context: AdaptContext
    /// Named routes with the names that they invoke.
    let namedRoutes: [String: NamedRoute]
    private var options: GlobalOptions { context.options }

    init(context: AdaptContext, namedRoutes: [String: NamedRoute]) {
        self.context = context
        self.namedRoutes = namedRoutes
    }

    func build(_ group: ServerGroup) throws(ConfigError) -> Server {
        try refuseAmbiguousSites(group.sites)
        var server = Server()
        setListeners(group, &server)
        setAutomaticHTTPS(&server)
        let sites = group.sites
        if sites.contains(where: { !$0.pile.logs.isEmpty }) { server.logs = ServerLogs() }
        var tls = ServerPolicies(options: options)
        for site in sites {
            addNamedRoutes(of: site, &server)
            tls.add(site, to: &server)
            addRoutes(of: site, isOnly: sites.count == 1, &server)
            addLogs(of: site, &server)
        }
        try tls.finish(&server, sites)
        server.routes = RouteRules.merge(server.routes)
        return server
    }

    private func refuseAmbiguousSites(_ sites: [Site]) throws(ConfigError) {
        var owners: [String: Int] = [:]
        for (position, site) in sites.enumerated() {
            for key in site.keys {
                if let owner = owners[key.text], owner != position {
                    throw ConfigError("ambiguous site definition: \(key.text)", at: key)
                }
                owners[key.text] = position
            }
        }
    }

    private func setListeners(_ group: ServerGroup, _ server: inout Server) {
        server.listen = group.listeners.map(\.address)
        let protocols = group.listeners.map { listener in
            listener.protocols.allSatisfy(\.isEmpty) ? JSONValue.null : .strings(listener.protocols)
        }
        if protocols.contains(where: { $0 != .null }) { server.listenProtocols = protocols }
    }

    private func setAutomaticHTTPS(_ server: inout Server) {
        for value in options.autoHTTPS {
            switch value {
            case "off": server.automaticHTTPS["disable"] = true
            case "disable_redirects": server.automaticHTTPS["disable_redirects"] = true
            case "disable_certs": server.automaticHTTPS["disable_certificates"] = true
            default: server.automaticHTTPS["ignore_loaded_certificates"] = true
            }
        }
    }

    // MARK: Routes

    private func addNamedRoutes(of site: Site, _ server: inout Server) {
        var names = site.pile.invokedRoutes
        while let name = names.popLast() {
            guard server.namedRoutes[name] == nil, let route = namedRoutes[name] else { continue }
            server.namedRoutes[name] = route.json
            names += route.invokes
        }
    }

    private func addRoutes(of site: Site, isOnly: Bool, _ server: inout Server) {
        for address in site.addresses where !address.path.isEmpty {
            context.warnings.append(
                ConfigWarning(
                    "a path in a site address is deprecated, use the handle directive instead",
                    at: site.keys.first?.location))
        }
        let matchers = matcherSets(of: site)
        let routes = context.rules.build(
            site.pile.routes, sorted: true, nextGroup: context.nextGroup)
        append(routes, matchers, isOnly: isOnly, to: &server.routes)
        guard !site.pile.errorRoutes.isEmpty else { return }
        // Caddy puts later blocks with a condition before earlier ones; the ones without stay last.
        let errors = site.pile.errorRoutes.stablySorted { left, right in
            !(left.matcherSets == nil && right.matcherSets != nil)
        }
        var errorRoutes = server.errorRoutes ?? []
        append(errors, matchers, isOnly: isOnly, to: &errorRoutes)
        server.errorRoutes = errorRoutes
    }

    /// Wraps the routes of a site behind its host matcher; the only site of a server needs no
    /// wrapping when it is for all hosts.
    private func append(
        _ routes: [Route], _ matchers: [JSONValue], isOnly: Bool, to list: inout [Route]
    ) {
        if matchers.isEmpty, routes.isEmpty { return }
        let matchesHosts = routes.contains { route in
            (route.matcherSets ?? []).contains { $0["host"] != nil }
        }
        if matchers.isEmpty, isOnly, !matchesHosts {
            list += routes
            return
        }
        var wrapped = Route(
            matcherSets: matchers.isEmpty ? nil : matchers,
            handlers: routes.isEmpty ? [] : [Route.subroute(routes)])
        wrapped.isTerminal = true
        list.append(wrapped)
    }

    /// One matcher set per path of the addresses, each with the hosts that have this path.
    private func matcherSets(of site: Site) -> [JSONValue] {
        var pairs: [(path: String, hosts: [String])] = []
        var catchesAll = false
        for address in site.addresses {
            var position = pairs.firstIndex { $0.path == address.path }
            if position == nil {
                pairs.append((address.path, []))
                position = pairs.count - 1
            }
            guard let position else { continue }
            if address.host.isEmpty, !catchesAll {
                pairs[position].hosts = []
                catchesAll = true
            }
            if !catchesAll, !pairs[position].hosts.contains(address.host) {
                pairs[position].hosts.append(address.host)
            }
        }
        return pairs.compactMap { pair in
            var set: JSONObject = [:]
            set.set("host", pair.hosts)
            if !pair.path.isEmpty { set["path"] = [.string(pair.path)] }
            return set.isEmpty ? nil : .object(set)
        }
    }

    // MARK: Logs

    private func addLogs(of site: Site, _ server: inout Server) {
        guard var logs = server.logs else { return }
        for log in site.pile.logs where !log.hasNoHostname {
            if site.hasCatchAll, log.hostnames.isEmpty {
                logs.defaultName = log.name
                continue
            }
            let hosts = log.hostnames.isEmpty ? site.logHosts : log.hostnames
            for host in hosts { logs.names[host, default: []].append(log.name) }
        }
        if site.pile.logs.isEmpty {
            if site.hosts.isEmpty { logs.skipsUnmappedHosts = true }
            logs.skipHosts += site.skippedLogHosts
        }
        server.logs = logs
    }
}

extension Site {
    /// Host names with ports that are no default.
    fileprivate var skippedLogHosts: [String] {
        var seen: Set<String> = []
        return addresses.filter { !$0.host.isEmpty }.map { address in
            ["", "80", "443"].contains(address.port)
                ? address.host : HostPort.join(host: address.host, port: address.port)
        }.filter { seen.insert($0).inserted }
    }
}
