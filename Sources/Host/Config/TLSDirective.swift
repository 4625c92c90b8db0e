// The `tls` directive: certificates, issuers and the policy of a site's connections.
import Base

/// What one `tls` line gives.
struct TLSDirective {
    var certificateFiles: [JSONValue] = []
    var certificateFolders: [String] = []
    var issuers: [JSONObject] = []
    var keyType = ""
    var isOnDemand = false
    var managers: [JSONValue] = []
    var reusesPrivateKeys = false
    var renewalWindowRatio: JSONValue?
    var forcesAutomation = false
    var policy = ConnectionPolicy()
}

/// How connections to some server names are made.
struct ConnectionPolicy: Equatable {
    /// Names that it is for; nil is for all.
    var serverNames: [String]?
    var settings: JSONObject = [:]

    var json: JSONValue {
        var members = settings
        if let serverNames { members["match"] = ["sni": .strings(serverNames)] }
        return .object(members)
    }
}

/// Parses one `tls` directive.
private struct TLSParser {
    let context: AdaptContext
    var result = TLSDirective()
    /// What the options for an ACME issuer gave, nil without such an option.
    var acme: JSONObject?
    var isInternal = false
    var explicitIssuers: [JSONObject] = []
    var dnsOptions: [String] = []

    static let options = [
        "alpn", "ca", "ca_root", "ciphers", "client_auth", "curves", "dns",
        "dns_challenge_override_domain", "dns_ttl", "eab", "get_certificate",
        "insecure_secrets_log", "issuer", "key_type", "load", "on_demand", "propagation_delay",
        "propagation_timeout", "protocols", "renewal_window_ratio", "resolvers",
        "reuse_private_keys",
    ]

    mutating func parseArguments(_ directive: ConfigNode) throws(ConfigError) {
        let arguments = Array(directive.arguments)
        switch arguments.count {
        case 0:
            if directive.block == nil {
                throw directive.wrongCount(
                    "internal, an email address, a certificate and a key, or a block")
            }
        case 1: try parseSingle(arguments[0])
        case 2: loadFiles(certificate: arguments[0].text, key: arguments[1].text)
        default: throw directive.wrongCount("at most a certificate and a key")
        }
    }

    private mutating func parseSingle(_ argument: Token) throws(ConfigError) {
        switch argument.text {
        case "internal": isInternal = true
        case "force_automate": result.forcesAutomation = true
        default:
            guard argument.text.contains("@") else {
                throw ConfigError(
                    "unexpected argument \"\(argument.text)\" of tls, expected 'internal', "
                        + "'force_automate', an email address or a certificate and a key",
                    at: argument)
            }
            acme = ["email": .string(argument.text)]
        }
    }

    /// A certificate that several sites name is loaded once and found by its tag.
    private mutating func loadFiles(certificate: String, key: String) {
        let known = context.certificateTags[certificate]
        let tag = known ?? "cert\(context.certificateTags.count)"
        if known == nil {
            context.certificateTags[certificate] = tag
            result.certificateFiles.append([
                "certificate": .string(certificate), "key": .string(key), "tags": [.string(tag)],
            ])
        }
        result.policy.settings["certificate_selection"] = ["any_tag": [.string(tag)]]
    }

    mutating func parse(_ option: ConfigNode) throws(ConfigError) {
        switch option.name.text {
        case "protocols": try protocols(option)
        case "ciphers":
            try names(option, of: TLSNames.cipherSuites, "cipher suite", "cipher_suites")
        case "curves": try names(option, of: TLSNames.curves, "curve", "curves")
        case "alpn":
            result.policy.settings["alpn"] = .strings(try option.atLeastOneArgument("protocol"))
        case "client_auth":
            result.policy.settings["client_authentication"] = try context.clientAuthentication(
                option)
        case "insecure_secrets_log":
            result.policy.settings["insecure_secrets_log"] = .string(
                try option.onlyArgument("file").text)
        case "load": result.certificateFolders += option.texts
        case "key_type": result.keyType = try option.onlyArgument("key type").text
        case "on_demand":
            try option.refuseArguments()
            result.isOnDemand = true
        case "reuse_private_keys":
            try option.refuseArguments()
            result.reusesPrivateKeys = true
        case "renewal_window_ratio": result.renewalWindowRatio = try option.ratio()
        case "issuer":
            explicitIssuers.append(try context.issuer(option.module("certificate issuer")))
        case "get_certificate":
            result.managers.append(
                try context.certificateManager(option.module("certificate manager")))
        default: try parseIssuerOption(option)
        }
    }

    private mutating func protocols(_ option: ConfigNode) throws(ConfigError) {
        guard (1...2).contains(option.arguments.count) else {
            throw option.wrongCount("one or two protocols")
        }
        for (name, key) in zip(option.arguments, ["protocol_min", "protocol_max"]) {
            guard TLSNames.protocols.contains(name.text) else {
                throw ConfigError(
                    "unknown protocol \"\(name.text)\", expected "
                        + "\(TLSNames.protocols.joined(separator: " or "))",
                    at: name, hint: Suggestion.hint(for: name.text, among: TLSNames.protocols))
            }
            result.policy.settings[key] = .string(name.text)
        }
    }

    private mutating func names(
        _ option: ConfigNode, of known: [String], _ what: String, _ key: String
    ) throws(ConfigError) {
        for name in option.arguments where !known.contains(name.text) {
            throw ConfigError(
                "unknown \(what) \"\(name.text)\"", at: name,
                hint: Suggestion.hint(for: name.text, among: known))
        }
        let names = result.policy.settings[key]?.stringValues ?? []
        result.policy.settings.set(key, names + option.texts)
    }

    /// Options that belong to an ACME issuer that is not named.
    private mutating func parseIssuerOption(_ option: ConfigNode) throws(ConfigError) {
        var issuer = acme ?? [:]
        switch option.name.text {
        case "ca": issuer["ca"] = .string(try option.onlyArgument("directory URL").text)
        case "ca_root":
            let roots = issuer["trusted_roots_pem_files"]?.stringValues ?? []
            issuer["trusted_roots_pem_files"] = .strings(
                roots + [try option.onlyArgument("file").text])
        case "eab": issuer["external_account"] = try ACMEOptions.externalAccount(option)
        case "dns":
            if option.arguments.isEmpty, context.options.dns == nil {
                throw option.wrongCount("the name of a DNS provider")
            }
            try context.dnsChallenge(option, into: &issuer)
        case "resolvers", "propagation_delay", "propagation_timeout", "dns_ttl",
            "dns_challenge_override_domain":
            dnsOptions.append(option.name.text)
            try context.dnsChallenge(option, into: &issuer)
        default: throw option.unknown("option", in: "tls", known: Self.options)
        }
        acme = issuer
    }

    mutating func finish(_ directive: ConfigNode) throws(ConfigError) -> TLSDirective {
        try checkDNSOptions(directive)
        if !explicitIssuers.isEmpty, acme != nil || isInternal {
            throw ConfigError(
                "cannot mix the issuer option with other options of an issuer", at: directive.name)
        }
        if acme != nil, isInternal {
            throw ConfigError(
                "cannot create both ACME and internal certificate issuers", at: directive.name)
        }
        if !explicitIssuers.isEmpty {
            result.issuers = explicitIssuers
        } else if let acme {
            result.issuers = ACMEOptions.implicitIssuers(acme, global: context.options.certIssuers)
        } else if isInternal {
            result.issuers = [["module": "internal"]]
        }
        return result
    }

    private func checkDNSOptions(_ directive: ConfigNode) throws(ConfigError) {
        guard !dnsOptions.isEmpty, acme?["challenges"]?["dns"]?["provider"] == nil,
            context.options.dns == nil, context.options.acmeDNS == nil
        else { return }
        throw ConfigError(
            "setting DNS challenge options [\(dnsOptions.joined(separator: ", "))] requires "
                + "a DNS provider (set with the 'dns' subdirective or 'acme_dns' global option)",
            at: directive.name)
    }
}

extension AdaptContext {
    /// `tls [internal|<email>|<certificate> <key>] { … }`.
    func tlsDirective(_ directive: ConfigNode) throws(ConfigError) -> TLSDirective {
        var parser = TLSParser(context: self)
        try parser.parseArguments(directive)
        for option in directive.children { try parser.parse(option) }
        return try parser.finish(directive)
    }

    func certificateManager(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        switch node.name.text {
        case "tailscale":
            try node.refuseArguments()
            return ["via": "tailscale"]
        case "http": return ["via": "http", "url": .string(try node.onlyArgument("URL").text)]
        default: return try module("tls.get_certificate", inlineKey: "via", node)
        }
    }
}

/// Names that TLS settings may hold.
enum TLSNames {
    static let protocols = ["tls1.2", "tls1.3"]
    static let curves = ["x25519mlkem768", "x25519", "secp256r1", "secp384r1", "secp521r1"]
    static let cipherSuites = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA",
    ]
}
