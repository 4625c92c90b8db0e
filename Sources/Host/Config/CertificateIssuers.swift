// Certificate issuers: acme, internal, zerossl, and the options of ACME challenges.
import Base

enum ACMEOptions {
    /// `eab <key id> <mac key>`: account credentials.
    static func externalAccount(_ option: ConfigNode) throws(ConfigError) -> JSONValue {
        guard option.arguments.count == 2 else { throw option.wrongCount("a key id and a MAC key") }
        for token in option.tokens { try DirectiveCall.requireCredential(token) }
        return ["key_id": .string(option.texts[0]), "mac_key": .string(option.texts[1])]
    }

    private static let secondAuthority = "https://acme.zerossl.com/v2/DV90"

    /// The issuers that are used when none is named: two authorities when an account address is
    /// known, one otherwise.
    static func defaultIssuers(email: String) -> [JSONObject] {
        var issuers: [JSONObject] = [["module": "acme"]]
        if email.contains(where: { !$0.isWhitespace }) {
            issuers.append([
                "module": "acme", "ca": .string(secondAuthority), "email": .string(email),
            ])
        }
        return issuers
    }

    /// The options of a site laid over the global ACME issuers, or over the default ones.
    static func implicitIssuers(_ options: JSONObject, global: [JSONObject]) -> [JSONObject] {
        var base = global.filter { $0["module"] == "acme" }
        if base.isEmpty {
            base =
                options["ca"] == nil
                ? defaultIssuers(email: options["email"]?.stringValue ?? "") : [["module": "acme"]]
        }
        return base.map { merge($0, options) }
    }

    /// Members that are replaced whole; other objects are merged member by member.
    private static let atomicMembers: Set = ["provider", "external_account", "preferred_chains"]

    private static func merge(_ base: JSONObject, _ overrides: JSONObject) -> JSONObject {
        base.merging(overrides) { old, new in new }.reduce(into: [:]) { merged, member in
            let (key, value) = member
            guard let old = base[key], let new = overrides[key] else {
                merged[key] = value
                return
            }
            if key == "trusted_roots_pem_files" {
                let known = old.stringValues
                merged[key] = .strings(known + new.stringValues.filter { !known.contains($0) })
            } else if !atomicMembers.contains(key), let oldMembers = old.objectValue,
                let newMembers = new.objectValue
            {
                merged[key] = .object(merge(oldMembers, newMembers))
            } else {
                merged[key] = new
            }
        }
    }

    /// `preferred_chains smallest` or a block with one kind of names.
    static func preferredChains(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        if let argument = node.arguments.first {
            guard argument.text == "smallest", node.arguments.count == 1 else {
                throw ConfigError(
                    "unexpected argument \"\(argument.text)\" of preferred_chains, expected "
                        + "'smallest' or a block",
                    at: argument)
            }
            try node.refuseBlock()
            return ["smallest": true]
        }
        var members: JSONObject = [:]
        for option in node.children {
            let name = option.name.text
            guard ["root_common_name", "any_common_name"].contains(name) else {
                throw option.unknown(
                    "option", in: "preferred_chains",
                    known: ["root_common_name", "any_common_name"])
            }
            let names = members[name]?.stringValues ?? []
            members[name] = .strings(names + (try option.atLeastOneArgument("name")))
        }
        guard members.count == 1 else {
            throw ConfigError(
                "expected 'smallest', root_common_name or any_common_name in preferred_chains",
                at: node.name)
        }
        return .object(members)
    }
}

extension AdaptContext {
    /// A named issuer with its module name.
    func issuer(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        var issuer: JSONObject
        switch node.name.text {
        case "acme": issuer = try acmeIssuer(node)
        case "internal": issuer = try internalIssuer(node)
        case "zerossl": issuer = try zeroSSLIssuer(node)
        default:
            return try module("tls.issuance", inlineKey: "module", node).objectValue ?? [:]
        }
        issuer["module"] = .string(node.name.text)
        return issuer
    }

    private func internalIssuer(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        try node.refuseArguments()
        var issuer: JSONObject = [:]
        for option in node.children {
            switch option.name.text {
            case "ca": issuer["ca"] = .string(try option.onlyArgument("authority").text)
            case "lifetime": issuer.set("lifetime", try option.duration())
            case "sign_with_root":
                try option.refuseArguments()
                issuer["sign_with_root"] = true
            default:
                throw option.unknown(
                    "option", in: "internal", known: ["ca", "lifetime", "sign_with_root"])
            }
        }
        return issuer
    }

    private func zeroSSLIssuer(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        guard node.arguments.count == 1 else { throw node.wrongCount("an API key") }
        for token in node.arguments { try DirectiveCall.requireCredential(token) }
        var issuer: JSONObject = ["api_key": .string(node.texts[0])]
        for option in node.children {
            switch option.name.text {
            case "validity_days": issuer.set("validity_days", try option.integer())
            case "alt_http_port": issuer.set("alternate_http_port", try option.integer())
            default:
                var validation = issuer["cname_validation"]?.objectValue ?? [:]
                guard try dnsOption(option, into: &validation) else {
                    throw option.unknown(
                        "option", in: "zerossl",
                        known: ["validity_days", "alt_http_port"] + Self.dnsOptions)
                }
                issuer["cname_validation"] = .object(validation)
            }
        }
        return issuer
    }

    private static let acmeOptions = [
        "alt_http_port", "alt_tlsalpn_port", "dir", "disable_http_challenge",
        "disable_tlsalpn_challenge", "distributed", "eab", "email", "lifetime",
        "preferred_chains", "profile", "test_dir", "timeout", "trusted_roots",
    ]

    private func acmeIssuer(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        if node.arguments.count > 1 { throw node.wrongCount("at most a directory URL") }
        var issuer: JSONObject = [:]
        issuer.set("ca", node.texts.first ?? "")
        for option in node.children { try acmeOption(option, into: &issuer) }
        return issuer
    }

    private func acmeOption(
        _ option: ConfigNode, into issuer: inout JSONObject
    ) throws(ConfigError) {
        switch option.name.text {
        case "lifetime": issuer.set("certificate_lifetime", try option.duration())
        case "timeout": issuer.set("acme_timeout", try option.duration())
        case "dir":
            if issuer["ca"] != nil {
                throw ConfigError("directory is already specified", at: option.name)
            }
            issuer["ca"] = .string(try option.onlyArgument("directory URL").text)
        case "test_dir": issuer["test_ca"] = .string(try option.onlyArgument("directory URL").text)
        case "email", "profile":
            issuer[option.name.text] = .string(try option.onlyArgument("value").text)
        case "eab": issuer["external_account"] = try ACMEOptions.externalAccount(option)
        case "trusted_roots": issuer["trusted_roots_pem_files"] = .strings(option.texts)
        case "preferred_chains":
            issuer["preferred_chains"] = try ACMEOptions.preferredChains(option)
        default: try challengeOption(option, into: &issuer)
        }
    }

    private func challengeOption(
        _ option: ConfigNode, into issuer: inout JSONObject
    ) throws(ConfigError) {
        var challenges = issuer["challenges"]?.objectValue ?? [:]
        switch option.name.text {
        case "disable_http_challenge":
            try option.refuseArguments()
            challenges.edit("http") { $0["disabled"] = true }
        case "disable_tlsalpn_challenge":
            try option.refuseArguments()
            challenges.edit("tls-alpn") { $0["disabled"] = true }
        case "alt_http_port":
            let port = try option.integer()
            challenges.edit("http") { $0.set("alternate_port", port) }
        case "alt_tlsalpn_port":
            let port = try option.integer()
            challenges.edit("tls-alpn") { $0.set("alternate_port", port) }
        case "distributed":
            let value = try option.onlyArgument("value")
            guard value.text == "false" else {
                throw ConfigError("unexpected \"\(value.text)\", expected false", at: value)
            }
            challenges["distributed"] = false
        default:
            var dns = challenges["dns"]?.objectValue ?? [:]
            guard try dnsOption(option, into: &dns) else {
                throw option.unknown(
                    "option", in: "acme", known: Self.acmeOptions + Self.dnsOptions)
            }
            challenges["dns"] = .object(dns)
        }
        issuer["challenges"] = .object(challenges)
    }

    static let dnsOptions = [
        "dns", "dns_challenge_override_domain", "dns_ttl", "propagation_delay",
        "propagation_timeout", "resolvers",
    ]

    /// Sets an option of the DNS challenge of an ACME issuer.
    func dnsChallenge(
        _ option: ConfigNode, into issuer: inout JSONObject
    ) throws(ConfigError) {
        var dns = issuer["challenges"]?["dns"]?.objectValue ?? [:]
        _ = try dnsOption(option, into: &dns)
        issuer.edit("challenges") { $0["dns"] = .object(dns) }
    }

    /// - Returns: Whether it was an option of the DNS challenge.
    private func dnsOption(
        _ option: ConfigNode, into dns: inout JSONObject
    ) throws(ConfigError) -> Bool {
        switch option.name.text {
        case "dns":
            guard !option.arguments.isEmpty else { break }
            dns["provider"] = try module(
                "dns.providers", inlineKey: "name", option.module("DNS provider"))
        case "resolvers": dns["resolvers"] = .strings(try option.atLeastOneArgument("address"))
        case "propagation_delay": dns.set("propagation_delay", try option.duration())
        case "propagation_timeout":
            let text = try option.onlyArgument("duration").text
            dns.set("propagation_timeout", text == "-1" ? -1 : try option.duration())
        case "dns_ttl": dns.set("ttl", try option.duration())
        case "dns_challenge_override_domain":
            dns["override_domain"] = .string(try option.onlyArgument("domain").text)
        default: return false
        }
        return true
    }
}
