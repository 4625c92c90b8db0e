// Labels of containers that route a host: for Traefik, caddy-docker-proxy and the like.

enum RoutingLabels {
    /// The candidate that a label routes this very host to.
    ///
    /// - Returns: nil when there is no such label, `.some(nil)` when several different ones have it.
    static func choose(for host: String, among facts: [CandidateFacts]) -> CandidateFacts?? {
        let named = facts.filter { facts in
            facts.candidate.container.map { route(host, $0) } == true
                && Speech.objection(to: facts) == nil && isEnabled(facts)
        }
        guard !named.isEmpty else { return nil }
        let targets = named.filter { isTarget($0) }
        let open = targets.isEmpty ? named : targets
        return .some(InstanceChoice.choose(open.map { Coverage(routed: $0) })?.facts)
    }

    /// Whether a label of a container routes a host to it.
    static func route(_ host: String, _ container: Candidate.Container) -> Bool {
        container.labels.contains { names(host, $0.key, $0.value) }
    }

    private static func isEnabled(_ facts: CandidateFacts) -> Bool {
        facts.candidate.container?.labels["traefik.enable"]?.lowercased() != "false"
    }

    private static func isTarget(_ facts: CandidateFacts) -> Bool {
        targetPort(facts).map { $0 == facts.candidate.port } ?? true
    }

    /// The container's port that the labels send requests to.
    private static func targetPort(_ facts: CandidateFacts) -> UInt16? {
        for (label, value) in facts.candidate.container?.labels ?? [:] {
            let label = label.lowercased()
            if label.hasPrefix("traefik."), label.hasSuffix("server.port") { return UInt16(value) }
            if label == "virtual_port" { return UInt16(value) }
        }
        return nil
    }

    private static func names(_ host: String, _ label: String, _ value: String) -> Bool {
        if label.hasPrefix("com.docker.") || label.hasPrefix("org.opencontainers.") { return false }
        let label = label.lowercased()
        if label.hasPrefix("traefik."), label.hasSuffix(".rule") {
            return TraefikRule.hosts(in: value).contains { same($0, host) }
        }
        let isList =
            label == "virtual_host" || label == "caddy" || label.hasPrefix("caddy_")
            || label == "dev.orbstack.domains" || label == "proxy.host"
        guard isList else { return false }
        return value.split { $0 == "," || $0 == " " }.contains { same(withoutScheme($0), host) }
    }

    private static func withoutScheme(_ value: Substring) -> Substring {
        for scheme in ["http://", "https://"] where value.hasPrefix(scheme) {
            return value.dropFirst(scheme.count)
        }
        return value
    }

    private static func same(_ one: some StringProtocol, _ host: String) -> Bool {
        var text = one.lowercased()
        if text.hasSuffix(".") { text.removeLast() }
        return text == host
    }
}

/// Rules of Traefik: "Host(`a`, `b`) && PathPrefix(`/x`)", and "Host:a,b" of its first version.
enum TraefikRule {
    /// The hosts of a rule that is nothing but matchers, else none.
    static func hosts(in rule: String) -> [String] {
        if rule.hasPrefix("Host:") {
            let list = rule.dropFirst(5).prefix { $0 != ";" }
            return list.split(separator: ",").map { String($0.drop { $0 == " " }) }
        }
        var rest = rule[...]
        var hosts: [String] = []
        while true {
            rest = rest.drop { " ()&|!".contains($0) }
            guard let first = rest.first else { return hosts }
            let matcher = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(matcher.count)
            guard first.isLetter, rest.first == "(", let end = rest.firstIndex(of: ")") else {
                return []
            }
            if matcher == "Host" {
                hosts += rest[..<end].split { "(), `\"'".contains($0) }.map(String.init)
            }
            rest = rest[rest.index(after: end)...]
        }
    }
}
