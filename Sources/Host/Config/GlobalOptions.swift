// The global options block.
import Base

struct GlobalOptions {
    var isDebug = false
    var httpPort: Int64?
    var httpsPort: Int64?
    var defaultBindings: [Binding]?
    var gracePeriod: Int64?
    var shutdownDelay: Int64?
    var defaultSNI = ""
    var fallbackSNI = ""
    var storage: JSONValue?
    var storageCheckIsOff = false
    /// Nil when not set; 0 is off.
    var storageCleanInterval: Int64?
    var renewInterval: Int64?
    var ocspInterval: Int64?
    var acmeCA: String?
    var acmeCARoot: String?
    /// Null means: use the global `dns`.
    var acmeDNS: JSONValue?
    var acmeEAB: JSONValue?
    var certIssuers: [JSONObject] = []
    var skipsInstallTrust = false
    var email: String?
    var admin: JSONObject?
    var persistConfigIsOff = false
    var onDemandTLS: JSONValue?
    var usesLocalCerts = false
    var keyType: String?
    var autoHTTPS: [String] = []
    var metrics: JSONObject?
    var servers: [ServerOptions] = []
    var ocspStaplingIsOff = false
    var certLifetime: Int64?
    var logs: [NamedLog] = []
    var preferredChains: JSONValue?
    var dns: JSONValue?
    var tlsResolvers: [String] = []
    var ech: JSONValue?
    var renewalWindowRatio: JSONValue?
    /// Objects of plugins that give placeholders.
    var placeholders: [JSONValue] = []
    /// Certificate authorities by id, nil without a `pki` option.
    var authorities: [String: JSONObject]?
    /// Names that `invoke` may use; nil until the named routes are known.
    var namedRouteNames: [String]?

    var httpPortText: String { String(httpPort ?? 80) }
    var httpsPortText: String { String(httpsPort ?? 443) }
}

extension AdaptContext {
    private static let optionNames = [
        "acme_ca", "acme_ca_root", "acme_dns", "acme_eab", "admin", "auto_https", "cert_issuer",
        "cert_lifetime", "debug", "default_bind", "default_sni", "dns", "ech", "email",
        "fallback_sni", "grace_period", "http_port", "https_port", "key_type", "local_certs",
        "log", "metrics", "ocsp_interval", "ocsp_stapling", "on_demand_tls", "order",
        "persist_config", "pki", "preferred_chains", "renew_interval", "renewal_window_ratio",
        "servers", "shutdown_delay", "skip_install_trust", "storage", "storage_check",
        "storage_clean_interval", "tls_resolvers",
    ]

    func parseOptions(_ block: SiteBlock) throws(ConfigError) {
        for tokens in block.directives {
            try parseOption(ConfigNode(tokens))
        }
        options.servers = options.servers.stablySorted {
            $0.listener.utf8.count > $1.listener.utf8.count
        }
        var seen: Set<String> = []
        for servers in options.servers where !seen.insert(servers.listener).inserted {
            throw ConfigError(
                "cannot have 'servers' global options with duplicate listener addresses: "
                    + "\(servers.listener)",
                at: servers.location)
        }
    }

    private func parseOption(_ option: ConfigNode) throws(ConfigError) {
        switch option.name.text {
        case "debug": options.isDebug = true
        case "http_port": options.httpPort = try port(option)
        case "https_port": options.httpsPort = try port(option)
        case "default_bind": try defaultBind(option)
        case "grace_period": options.gracePeriod = try option.duration()
        case "shutdown_delay": options.shutdownDelay = try option.duration()
        case "order":
            try DirectiveOrdering.move(option, in: &rules.order, known: knownDirectives)
        case "storage": options.storage = try storage(option.module("storage"))
        case "admin": options.admin = try admin(option)
        case "persist_config":
            try requireOff(option)
            options.persistConfigIsOff = true
        case "metrics": options.metrics = try metrics(option)
        case "servers": options.servers.append(try serverOptions(option))
        case "log": options.logs.append(try globalLog(option, existing: options.logs))
        case "pki": try pki(option)
        default: try parseTLSOption(option)
        }
    }

    private func parseTLSOption(_ option: ConfigNode) throws(ConfigError) {
        switch option.name.text {
        case "default_sni": options.defaultSNI = try option.onlyArgument("server name").text
        case "fallback_sni": options.fallbackSNI = try option.onlyArgument("server name").text
        case "auto_https": options.autoHTTPS = try autoHTTPS(option)
        case "email": options.email = try option.onlyArgument("email address").text
        case "local_certs": options.usesLocalCerts = true
        case "skip_install_trust": options.skipsInstallTrust = true
        case "key_type": options.keyType = try option.onlyArgument("key type").text
        case "on_demand_tls": options.onDemandTLS = try onDemand(option)
        case "cert_issuer":
            options.certIssuers.append(try issuer(option.module("certificate issuer")))
        case "cert_lifetime": options.certLifetime = try option.duration()
        case "renewal_window_ratio": options.renewalWindowRatio = try option.ratio()
        case "renew_interval": options.renewInterval = try option.duration()
        case "ocsp_interval": options.ocspInterval = try option.duration()
        case "ocsp_stapling":
            try requireOff(option)
            options.ocspStaplingIsOff = true
        case "storage_check":
            try requireOff(option)
            options.storageCheckIsOff = true
        case "storage_clean_interval":
            options.storageCleanInterval =
                option.texts == ["off"] ? 0 : try option.duration()
        default: try parseACMEOption(option)
        }
    }

    private func parseACMEOption(_ option: ConfigNode) throws(ConfigError) {
        switch option.name.text {
        case "acme_ca": options.acmeCA = try option.onlyArgument("directory URL").text
        case "acme_ca_root": options.acmeCARoot = try option.onlyArgument("file").text
        case "acme_eab": options.acmeEAB = try externalAccount(option)
        case "preferred_chains":
            options.preferredChains = try ACMEOptions.preferredChains(option)
        case "acme_dns":
            options.acmeDNS = option.arguments.isEmpty ? .null : try dnsProvider(option)
        case "dns": options.dns = try dnsProvider(option)
        case "tls_resolvers": options.tlsResolvers = try option.atLeastOneArgument("address")
        case "ech": options.ech = try encryptedClientHello(option)
        default: try parsePluginOption(option)
        }
    }

    /// An option of a plugin that gives placeholders.
    private func parsePluginOption(_ option: ConfigNode) throws(ConfigError) {
        let namespace = "http.placeholders"
        guard modules["\(namespace).\(option.name.text)"] != nil else {
            let prefix = "\(namespace)."
            let ofPlugins = modules.keys.filter { $0.hasPrefix(prefix) }
                .map { String($0.dropFirst(prefix.count)) }
            throw option.unknown(
                "global option", in: "the options block", known: Self.optionNames + ofPlugins)
        }
        let expanded = try ConfigNode(
            option.tokens.map { Placeholders.expandingShorthands(in: $0) }[...])
        options.placeholders.append(
            try module(namespace, inlineKey: "provider", expanded))
    }

    // MARK: Single options

    private func port(_ option: ConfigNode) throws(ConfigError) -> Int64 {
        let token = try option.onlyArgument("port")
        guard let port = Int64(token.text), (0...65_535).contains(port) else {
            throw ConfigError("invalid port \"\(token.text)\", expected 1 to 65535", at: token)
        }
        return port
    }

    private func requireOff(_ option: ConfigNode) throws(ConfigError) {
        let token = try option.onlyArgument("value")
        guard token.text == "off" else {
            throw ConfigError(
                "\(option.name.text) must be 'off', found \"\(token.text)\"", at: token)
        }
    }

    private func defaultBind(_ option: ConfigNode) throws(ConfigError) {
        var bound = try binding(option)
        if bound.addresses.isEmpty { bound.addresses = [""] }
        options.defaultBindings = (options.defaultBindings ?? []) + [bound]
    }

    /// `admin off`, `admin <address> { enforce_origin; origins <origin>… }`.
    private func admin(_ option: ConfigNode) throws(ConfigError) -> JSONObject {
        if option.arguments.count > 1 { throw option.wrongCount("off or an address") }
        if option.texts == ["off"] {
            try option.refuseBlock()
            return ["disabled": true]
        }
        var members: JSONObject = ["listen": .string(option.texts.first ?? "localhost:2019")]
        for line in option.children {
            switch line.name.text {
            case "enforce_origin": members["enforce_origin"] = true
            case "origins": members.set("origins", line.texts)
            default:
                throw line.unknown("option", in: "admin", known: ["enforce_origin", "origins"])
            }
        }
        return members
    }

    private func autoHTTPS(_ option: ConfigNode) throws(ConfigError) -> [String] {
        let known = ["off", "disable_redirects", "disable_certs", "ignore_loaded_certs"]
        for argument in option.arguments where !known.contains(argument.text) {
            throw ConfigError(
                "unknown value \"\(argument.text)\" of auto_https, expected off, "
                    + "disable_redirects, disable_certs or ignore_loaded_certs",
                at: argument, hint: Suggestion.hint(for: argument.text, among: known))
        }
        return try option.atLeastOneArgument("value")
    }

    private func metrics(_ option: ConfigNode) throws(ConfigError) -> JSONObject {
        let known = ["per_host", "observe_catchall_hosts", "otlp"]
        var members: JSONObject = [:]
        for line in option.children {
            guard known.contains(line.name.text) else {
                throw line.unknown("option", in: "metrics", known: known)
            }
            members[line.name.text] = true
        }
        return members
    }

    /// `on_demand_tls { ask <url> | permission <module> …; allow <name|.suffix>…; names_max <count>;
    /// rate <count> <interval> }`. The last three are our own.
    private func onDemand(_ option: ConfigNode) throws(ConfigError) -> JSONValue {
        try option.refuseArguments()
        var members: JSONObject = [:]
        for line in option.children {
            switch line.name.text {
            case "ask", "permission":
                if members["permission"] != nil {
                    throw ConfigError("on-demand permission is already specified", at: line.name)
                }
                members["permission"] =
                    try line.name.text == "ask"
                    ? ["module": "http", "endpoint": .string(line.onlyArgument("URL").text)]
                    : onDemandPermission(line.module("permission module"))
            case "allow":
                let names = members["allow"]?.stringValues ?? []
                members.set("allow", names + (try line.atLeastOneArgument("name or .suffix")))
            case "names_max": members["names_max"] = .int(try line.integer())
            case "rate": members["rate"] = try onDemandRate(line)
            default:
                throw line.unknown(
                    "option", in: "on_demand_tls",
                    known: ["allow", "ask", "names_max", "permission", "rate"])
            }
        }
        if members.isEmpty { throw option.wrongCount("a block with ask, permission or a limit") }
        return .object(members)
    }

    private func onDemandRate(_ line: ConfigNode) throws(ConfigError) -> JSONValue {
        guard line.arguments.count == 2, let count = Int64(line.texts[0]), count > 0,
            let interval = Quantities.nanoseconds(line.texts[1]), interval > 0
        else { throw line.wrongCount("a count and an interval such as 1m") }
        return ["count": .int(count), "interval": .int(interval)]
    }

    private func onDemandPermission(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        guard node.name.text == "http" else {
            return try module("tls.permission", inlineKey: "module", node)
        }
        return ["module": "http", "endpoint": .string(try node.onlyArgument("URL").text)]
    }

    private func externalAccount(_ option: ConfigNode) throws(ConfigError) -> JSONValue {
        try option.refuseArguments()
        var members: JSONObject = [:]
        for line in option.children {
            guard ["key_id", "mac_key"].contains(line.name.text) else {
                throw line.unknown("option", in: "acme_eab", known: ["key_id", "mac_key"])
            }
            for token in line.tokens { try DirectiveCall.requireCredential(token) }
            members[line.name.text] = .string(try line.onlyArgument("value").text)
        }
        return .object(members)
    }

    private func dnsProvider(_ option: ConfigNode) throws(ConfigError) -> JSONValue {
        try module("dns.providers", inlineKey: "name", option.module("DNS provider"))
    }

    /// `ech <public name>… { dns <provider> }`.
    private func encryptedClientHello(_ option: ConfigNode) throws(ConfigError) -> JSONValue {
        let names = try option.atLeastOneArgument("public name")
        var publications: [JSONValue] = []
        for line in option.children {
            guard line.name.text == "dns" else {
                throw line.unknown("option", in: "ech", known: ["dns"])
            }
            publications.append([
                "configs": .strings(names),
                "publishers": ["dns": ["provider": try dnsProvider(line)]],
            ])
        }
        var members: JSONObject = [
            "configs": .array(names.map { ["public_name": .string($0)] })
        ]
        members.set("publication", publications)
        return .object(members)
    }

    // MARK: Certificate authorities

    private func pki(_ option: ConfigNode) throws(ConfigError) {
        var authorities = options.authorities ?? [:]
        for line in option.children {
            guard line.name.text == "ca" else {
                throw line.unknown("option", in: "pki", known: ["ca"])
            }
            if line.arguments.count > 1 { throw line.wrongCount("at most an id") }
            authorities[line.texts.first ?? "local"] = try authority(line)
        }
        options.authorities = authorities
    }

    private static let authorityOptions = [
        "intermediate", "intermediate_cn", "intermediate_lifetime", "maintenance_interval",
        "name", "renewal_window_ratio", "root", "root_cn",
    ]

    private func authority(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        var members: JSONObject = [:]
        for option in node.children {
            switch option.name.text {
            case "name": members["name"] = .string(try option.onlyArgument("name").text)
            case "root_cn":
                members["root_common_name"] = .string(try option.onlyArgument("name").text)
            case "intermediate_cn":
                members["intermediate_common_name"] = .string(try option.onlyArgument("name").text)
            case "intermediate_lifetime", "maintenance_interval":
                members.set(option.name.text, try option.duration())
            case "renewal_window_ratio":
                members["renewal_window_ratio"] = try option.ratio(upToOne: true)
            case "root", "intermediate": members[option.name.text] = try keyPair(option)
            default: throw option.unknown("option", in: "ca", known: Self.authorityOptions)
            }
        }
        return members
    }

    private func keyPair(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        let members = ["cert": "certificate", "key": "private_key", "format": "format"]
        var pair: JSONObject = [:]
        for option in node.children {
            guard let member = members[option.name.text] else {
                throw option.unknown("option", in: node.name.text, known: members.keys)
            }
            pair[member] = .string(try option.onlyArgument("value").text)
        }
        return .object(pair)
    }
}
