// TLS connection policies of a server, and which of its addresses speak TLS at all.
import Base

struct ServerPolicies {
    let options: GlobalOptions
    private var hasCatchAll = false
    private var needsTLS = false
    private var automationAddsPolicy = true
    /// Policies without settings: they only keep a wildcard's client authentication off a name.
    private var emptyPolicies: [ConnectionPolicy] = []
    private var isFirst = true

    init(options: GlobalOptions) { self.options = options }

    mutating func add(_ site: Site, to server: inout Server) {
        if isFirst {
            automationAddsPolicy = server.automaticHTTPS["disable"] != true
            isFirst = false
        }
        addPolicies(of: site, to: &server)
        for address in site.addresses { classify(address, site, &server) }
    }

    private mutating func addPolicies(of site: Site, to server: inout Server) {
        var hosts = site.hosts
        let forced = site.pile.tls.contains { $0.forcesAutomation }
        for directive in site.pile.tls {
            var policy = directive.policy
            if hosts.isEmpty {
                policy.settings.set("default_sni", options.defaultSNI)
                policy.settings.set("fallback_sni", options.fallbackSNI)
            } else {
                for host in hosts {
                    if host == options.defaultSNI {
                        hosts.append("")
                        policy.settings["default_sni"] = .string(host)
                        break
                    }
                    if host == options.fallbackSNI {
                        hosts.append("")
                        policy.settings["fallback_sni"] = .string(host)
                        break
                    }
                }
                hosts.sort()
                policy.serverNames = hosts
            }
            if !policy.settings.isEmpty || (forced && !hosts.isEmpty) {
                server.policies.append(policy)
                hasCatchAll = hosts.isEmpty
            } else if !hosts.isEmpty {
                emptyPolicies.append(policy)
            }
        }
        let specific = hosts.filter { !$0.contains("*") }.sorted()
        if site.pile.tls.isEmpty, !specific.isEmpty {
            emptyPolicies.append(ConnectionPolicy(serverNames: specific))
        }
    }

    private mutating func classify(
        _ address: SiteAddress, _ site: Site, _ server: inout Server
    ) {
        let httpPort = options.httpPortText
        var skipped = server.automaticHTTPS["skip"]?.stringValues ?? []
        if address.scheme == "http", !address.host.isEmpty, !skipped.contains(address.host),
            ListenerPorts.usesOther(than: httpPort, server.listen)
        {
            skipped.append(address.host)
            server.automaticHTTPS["skip"] = .strings(skipped)
        }
        let hasTLS =
            !site.pile.tls.isEmpty
            || (!address.host.isEmpty && !skipped.contains(address.host))
        if address.scheme == "https"
            || (address.scheme != "http" && address.port != httpPort && hasTLS)
        {
            needsTLS = true
        }
        let isAutomatic =
            address.port == options.httpsPortText
            || (address.port != httpPort && !address.host.isEmpty)
        automationAddsPolicy = automationAddsPolicy && isAutomatic
    }

    mutating func finish(_ server: inout Server, _ sites: [Site]) throws(ConfigError) {
        try refuseMixedSchemes(server, sites)
        shieldNames(&server)
        let hasSNI = !options.defaultSNI.isEmpty || !options.fallbackSNI.isEmpty
        if needsTLS, !hasCatchAll,
            !server.policies.isEmpty || !automationAddsPolicy || hasSNI
        {
            var policy = ConnectionPolicy()
            policy.settings.set("default_sni", options.defaultSNI)
            policy.settings.set("fallback_sni", options.fallbackSNI)
            server.policies.append(policy)
        }
        server.policies = try ConnectionPolicies.consolidate(server.policies)
    }

    private func refuseMixedSchemes(_ server: Server, _ sites: [Site]) throws(ConfigError) {
        var isHTTPS: Bool?
        for site in sites {
            for (key, address) in zip(site.keys, site.addresses) {
                let secure: Bool
                if address.scheme == "http" || address.port == options.httpPortText {
                    secure = false
                } else if address.scheme == "https" || address.port == options.httpsPortText
                    || !server.policies.isEmpty
                {
                    secure = true
                } else if address.host.isEmpty {
                    secure = false
                } else {
                    continue
                }
                try check(secure, against: isHTTPS, server, address, key)
                isHTTPS = secure
            }
        }
    }

    private func check(
        _ secure: Bool, against known: Bool?, _ server: Server, _ address: SiteAddress,
        _ key: Token
    ) throws(ConfigError) {
        let listeners = server.listen.joined(separator: " ")
        if let known, known != secure {
            let isBare = address.scheme.isEmpty && address.host.isEmpty
            throw ConfigError(
                "server listening on [\(listeners)] is configured for "
                    + "\(known ? "HTTPS" : "HTTP") and cannot natively multiplex HTTP and HTTPS: "
                    + address.original,
                at: key, hint: isBare && known ? "try https:// in the address" : nil)
        }
        if !secure, !server.policies.isEmpty {
            throw ConfigError(
                "server listening on [\(listeners)] is HTTP, but attempts to configure TLS "
                    + "connection policies",
                at: key)
        }
    }

    /// Names with a site of their own must not fall under the client authentication that a
    /// wildcard site asks for: they get a copy of its policy without it.
    private func shieldNames(_ server: inout Server) {
        var shielded = [[String]](repeating: [], count: server.policies.count)
        for host in emptyPolicies.flatMap({ $0.serverNames ?? [] }) {
            let index = server.policies.firstIndex { policy in
                policy.settings["client_authentication"] != nil
                    && (policy.serverNames ?? []).contains {
                        $0.contains("*") && CertificateNames.matches(host, wildcard: $0)
                    }
            }
            if let index { shielded[index].append(host) }
        }
        for (index, hosts) in shielded.enumerated().reversed() where !hosts.isEmpty {
            var shield = server.policies[index]
            shield.settings["client_authentication"] = nil
            shield.serverNames = Set(hosts).sorted()
            server.policies.insert(shield, at: index)
        }
    }
}

enum ListenerPorts {
    /// Whether one of the addresses has another port than the given one.
    static func usesOther(than port: String, _ listeners: [String]) -> Bool {
        guard let number = Int(port) else { return false }
        return listeners.contains { listener in
            guard let address = try? NetworkAddress(listener) else { return false }
            return number > address.lastPort || number < address.firstPort
        }
    }
}

enum ConnectionPolicies {
    /// Policies for names before the ones for all; equal ones and ones for the same names joined.
    static func consolidate(
        _ policies: [ConnectionPolicy]
    ) throws(ConfigError) -> [ConnectionPolicy] {
        var sorted = policies.filter { $0.serverNames != nil }
        sorted += policies.filter { $0.serverNames == nil }
        var result: [ConnectionPolicy] = []
        for policy in sorted {
            if result.contains(policy) { continue }
            if let last = result.last, let names = last.serverNames, let more = policy.serverNames,
                last.settings == policy.settings
            {
                result[result.count - 1].serverNames = names + more
            } else if let index = result.firstIndex(where: { $0.serverNames == policy.serverNames })
            {
                result[index].settings = try merge(result[index].settings, policy.settings)
            } else {
                result.append(policy)
            }
        }
        return result
    }

    private static func merge(
        _ left: JSONObject, _ right: JSONObject
    ) throws(ConfigError) -> JSONObject {
        var merged = left
        for (key, value) in right.sorted(by: { $0.key < $1.key }) {
            guard let known = left[key], known != value else {
                merged[key] = value
                continue
            }
            guard key == "certificate_selection" else {
                throw ConfigError("two tls policies for the same names have different \(key)")
            }
            let tags = known["any_tag"]?.stringValues ?? []
            let more = (value["any_tag"]?.stringValues ?? []).filter { !tags.contains($0) }
            merged[key] = ["any_tag": .strings(tags + more)]
        }
        return merged
    }
}
