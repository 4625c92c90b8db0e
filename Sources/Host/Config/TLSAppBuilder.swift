// The TLS app: certificates to load, automation policies, global TLS settings.
import Base

struct TLSAppBuilder {
    let context: AdaptContext
    private var options: GlobalOptions { context.options }
    private var policies: [AutomationPolicy] = []
    private var catchAll: AutomationPolicy?
    private var certificateFiles: [JSONValue] = []
    private var certificateFolders: [String] = []
    private var forcedNames: [String] = []
    /// Where a host name stands as a site's address.
    private var keyLocations: [String: SourceLocation] = [:]

    init(context: AdaptContext) { self.context = context }

    /// - Returns: The app's members, empty when it needs none.
    static func build(
        _ groups: [ServerGroup], context: AdaptContext
    ) throws(ConfigError) -> JSONObject {
        var builder = TLSAppBuilder(context: context)
        return try builder.build(groups)
    }

    private mutating func build(_ groups: [ServerGroup]) throws(ConfigError) -> JSONObject {
        catchAll = try basePolicy(always: false)
        if let catchAll { policies.append(catchAll) }
        for group in groups {
            let listeners = group.listeners.map(\.address)
            guard ListenerPorts.usesOther(than: options.httpPortText, listeners) else { continue }
            for site in group.sites where !site.isAllHTTP { try add(site) }
        }
        var app: JSONObject = [:]
        setGlobals(&app)
        try addPublicNames(of: &app)
        addAutomated(groups, &app)
        let automation = try automationMembers()
        app.set("automation", automation)
        return app
    }

    // MARK: Policies

    /// What the global options ask of every policy; nil when they ask nothing, unless `always`.
    private func basePolicy(always: Bool) throws(ConfigError) -> AutomationPolicy? {
        let hasDefaults = hasACMEDefaults(countEmail: false)
        let hasSettings =
            !options.certIssuers.isEmpty || options.usesLocalCerts
            || options.keyType != nil || options.ocspStaplingIsOff
            || options.renewalWindowRatio != nil
        guard hasDefaults || hasSettings else { return always ? AutomationPolicy() : nil }
        if !options.certIssuers.isEmpty, options.usesLocalCerts {
            throw ConfigError(
                "global options are ambiguous: local_certs cannot be combined with "
                    + "cert_issuer, because it is an issuer too"
            )
        }
        let policy = AutomationPolicy()
        policy.keyType = options.keyType ?? ""
        policy.issuers = options.usesLocalCerts ? [["module": "internal"]] : options.certIssuers
        if hasDefaults { policy.issuers = try policy.issuers.mapThrowing(withDefaults) }
        policy.disablesOCSPStapling = options.ocspStaplingIsOff
        policy.renewalWindowRatio = options.renewalWindowRatio
        return policy
    }

    private func hasACMEDefaults(countEmail: Bool) -> Bool {
        (countEmail && options.email != nil) || options.acmeCA != nil
            || options.acmeCARoot != nil || options.acmeDNS != nil || options.acmeEAB != nil
            || options.preferredChains != nil
    }

    private mutating func add(_ site: Site) throws(ConfigError) {
        guard var policy = try basePolicy(always: true) else { return }
        let hosts = site.hosts
        let isCatchAll = hosts.isEmpty
        if isCatchAll, let catchAll { policy = catchAll }
        let directives = site.pile.tls
        if directives.contains(where: \.isOnDemand) { policy.isOnDemand = true }
        if directives.contains(where: \.forcesAutomation) { forcedNames += hosts }
        if directives.contains(where: \.reusesPrivateKeys) { policy.reusesPrivateKeys = true }
        if let keyType = directives.first(where: { !$0.keyType.isEmpty })?.keyType {
            policy.keyType = keyType
        }
        if let ratio = directives.compactMap(\.renewalWindowRatio).first {
            policy.renewalWindowRatio = ratio
        }
        let issuers = directives.flatMap(\.issuers)
        if !issuers.isEmpty {
            if policy === catchAll, policy.issuers != issuers {
                throw ConfigError(
                    "tls of this site is also the policy for all names, because of a key "
                        + "without host name, and conflicts with the other one",
                    at: site.keys.first?.location)
            }
            policy.issuers = issuers
        }
        policy.managers += directives.flatMap(\.managers)
        bindChallenges(of: &policy.issuers, site)
        if isCatchAll, catchAll == nil { catchAll = policy }
        policy.subjects = site.httpsHosts(httpPort: options.httpPortText).sorted()
        for (key, address) in zip(site.keys, site.addresses) {
            keyLocations[address.host] = key.location
        }
        policies.append(policy)
        try splitInternalNames(of: policy, site)
        certificateFiles += directives.flatMap(\.certificateFiles)
        certificateFolders += directives.flatMap(\.certificateFolders)
    }

    /// Challenges are answered on the address that the site is bound to.
    private func bindChallenges(of issuers: inout [JSONObject], _ site: Site) {
        for binding in site.pile.bindings {
            guard let address = binding.addresses.first else { continue }
            for index in issuers.indices where issuers[index]["module"] == "acme" {
                issuers[index].edit("challenges") { challenges in
                    if challenges["bind_host"] == nil { challenges.set("bind_host", address) }
                }
            }
        }
    }

    /// Names that no public authority knows get the internal one, beside the public names.
    private mutating func splitInternalNames(
        of policy: AutomationPolicy, _ site: Site
    ) throws(ConfigError) {
        guard policy.issuers.isEmpty else { return }
        var publicNames: [String] = []
        var internalNames: [String] = []
        for name in policy.subjects where !CertificateNames.isManagedElsewhere(name) {
            guard CertificateNames.qualifies(name) else {
                throw ConfigError(
                    "subject does not qualify for certificate: '\(name)'",
                    at: site.keys.first?.location)
            }
            if policy.qualifiesForPublic(name) {
                publicNames.append(name)
            } else {
                internalNames.append(name)
            }
        }
        guard !publicNames.isEmpty, !internalNames.isEmpty else { return }
        policy.subjects = publicNames
        let other = AutomationPolicy(copying: policy)
        other.subjects = internalNames
        other.finalIssuers = [["module": "internal"]]
        policies.append(other)
    }

    // MARK: Members of the app

    private func setGlobals(_ app: inout JSONObject) {
        var certificates: JSONObject = [:]
        certificates.set("load_files", certificateFiles)
        certificates.set("load_folders", certificateFolders)
        app.set("certificates", certificates)
        app["dns"] = options.dns
        app.set("resolvers", options.tlsResolvers)
        app["encrypted_client_hello"] = options.ech
        app.set("disable_storage_check", options.storageCheckIsOff)
        app.set("disable_storage_clean", options.storageCleanInterval == 0)
        app.set("disable_ocsp_stapling", options.ocspStaplingIsOff)
    }

    private mutating func addPublicNames(of app: inout JSONObject) throws(ConfigError) {
        guard let configs = options.ech?["configs"]?.arrayValue,
            let policy = try basePolicy(always: true)
        else { return }
        policy.subjects = configs.compactMap { $0["public_name"]?.stringValue }
        policies.append(policy)
    }

    /// Names that need a certificate although no host matcher shows them.
    private mutating func addAutomated(_ groups: [ServerGroup], _ app: inout JSONObject) {
        var names: [String] = []
        let isOff = options.autoHTTPS.contains("off")
        if !isOff, !options.autoHTTPS.contains("disable_certs") {
            for site in groups.flatMap(\.sites) where site.hasCatchAll {
                names += site.httpsHosts(httpPort: options.httpPortText)
            }
        }
        let internalNames = Set(names).filter { !CertificateNames.qualifiesForPublicAlone($0) }
        let all = Set(names + forcedNames).sorted()
        if !all.isEmpty { app.edit("certificates") { $0["automate"] = .strings(all) } }
        guard !internalNames.isEmpty else { return }
        let policy = AutomationPolicy()
        policy.subjects = internalNames.sorted()
        policy.finalIssuers = [["module": "internal"]]
        policies.append(policy)
    }

    private mutating func automationMembers() throws(ConfigError) -> JSONObject {
        var automation: JSONObject = [:]
        automation["on_demand"] = options.onDemandTLS
        automation.set("storage_clean_interval", options.storageCleanInterval ?? 0)
        automation.set("renew_interval", options.renewInterval ?? 0)
        automation.set("ocsp_interval", options.ocspInterval ?? 0)
        try fillIssuers()
        let consolidated = AutomationPolicies.consolidate(policies)
        var seen: Set<String> = []
        for name in consolidated.flatMap(\.subjects) where !seen.insert(name).inserted {
            throw ConfigError(
                "host name appears in more than one automation policy: \(name)",
                at: keyLocations[name])
        }
        automation.set("policies", consolidated.map(\.json))
        return automation
    }

    private func fillIssuers() throws(ConfigError) {
        if hasACMEDefaults(countEmail: true) {
            for policy in policies where policy.issuers.isEmpty && policy.hasOnlyPublicNames {
                policy.issuers =
                    options.acmeCA == nil
                    ? ACMEOptions.defaultIssuers(email: options.email ?? "")
                    : [["module": "acme"]]
            }
        }
        for policy in policies where !policy.issuers.isEmpty {
            policy.issuers = try policy.issuers.mapThrowing(withDefaults)
            if policy.finalIssuers == nil {
                policy.finalIssuers = policy.issuers.map { .object($0) }
            }
        }
    }

    // MARK: Defaults of ACME issuers

    private func withDefaults(_ issuer: JSONObject) throws(ConfigError) -> JSONObject {
        guard issuer["module"] == "acme" else { return issuer }
        var issuer = issuer
        func fill(_ key: String, _ value: JSONValue?) {
            if issuer[key] == nil, let value { issuer[key] = value }
        }
        fill("email", options.email.map { .string($0) })
        fill("ca", options.acmeCA.map { .string($0) })
        fill("external_account", options.acmeEAB)
        fill("preferred_chains", options.preferredChains)
        fill("certificate_lifetime", options.certLifetime.map { .int($0) })
        if let root = options.acmeCARoot {
            let roots = issuer["trusted_roots_pem_files"]?.stringValues ?? []
            if !roots.contains(root) {
                issuer["trusted_roots_pem_files"] = .strings(roots + [root])
            }
        }
        try fillDNSChallenge(&issuer)
        fillOtherChallenges(&issuer)
        return issuer
    }

    private func fillDNSChallenge(_ issuer: inout JSONObject) throws(ConfigError) {
        if let provider = options.acmeDNS, issuer["challenges"]?["dns"]?["provider"] == nil {
            if provider == .null, options.dns == nil {
                throw ConfigError(
                    "acme_dns specified without DNS provider config, but no provider "
                        + "specified with 'dns' global option"
                )
            }
            issuer.edit("challenges") { challenges in
                challenges.edit("dns") { if provider != .null { $0["provider"] = provider } }
            }
        }
        guard let dns = issuer["challenges"]?["dns"], dns["resolvers"] == nil,
            !options.tlsResolvers.isEmpty, options.acmeDNS != nil || dns["provider"] != nil
        else { return }
        let resolvers = options.tlsResolvers
        issuer.edit("challenges") { challenges in
            challenges.edit("dns") { $0["resolvers"] = .strings(resolvers) }
        }
    }

    private func fillOtherChallenges(_ issuer: inout JSONObject) {
        guard issuer["challenges"]?["dns"] == nil else { return }
        let ports = [("http", options.httpPort), ("tls-alpn", options.httpsPort)]
        for case (let challenge, let port?) in ports
        where issuer["challenges"]?[challenge]?["alternate_port"] == nil {
            issuer.edit("challenges") { challenges in
                challenges.edit(challenge) { $0.set("alternate_port", port) }
            }
        }
        if issuer["challenges"]?["bind_host"] == nil,
            let address = options.defaultBindings?.first?.addresses.first
        {
            issuer.edit("challenges") { $0.set("bind_host", address) }
        }
    }
}

extension Array {
    fileprivate func mapThrowing(
        _ transform: (Element) throws(ConfigError) -> Element
    ) throws(ConfigError) -> [Element] {
        var result: [Element] = []
        for element in self { result.append(try transform(element)) }
        return result
    }
}
