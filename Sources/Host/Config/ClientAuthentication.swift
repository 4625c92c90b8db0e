// `client_auth` of tls: modes, trust pools, leaf certificates and verifiers.
import Base

extension AdaptContext {
    private static let clientAuthOptions = [
        "mode", "trust_pool", "trusted_ca_cert", "trusted_ca_cert_file", "trusted_leaf_cert",
        "trusted_leaf_cert_file", "verifier",
    ]

    /// `client_auth { … }`.
    func clientAuthentication(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        var authorities: [String] = []
        var leaves: [String] = []
        var verifiers: [JSONValue] = []
        for option in node.children {
            switch option.name.text {
            case "mode": members["mode"] = .string(try option.onlyArgument("mode").text)
            case "trusted_ca_cert": authorities.append(try option.onlyArgument("certificate").text)
            case "trusted_ca_cert_file":
                authorities += try certificates(in: option.onlyArgument("file"))
            case "trusted_leaf_cert": leaves.append(try option.onlyArgument("certificate").text)
            case "trusted_leaf_cert_file":
                leaves += try certificates(in: option.onlyArgument("file"))
            case "trust_pool": members["ca"] = try trustPool(option.module("trust pool"))
            case "verifier": verifiers.append(try verifier(option.module("verifier")))
            default:
                throw option.unknown("option", in: "client_auth", known: Self.clientAuthOptions)
            }
        }
        if !authorities.isEmpty {
            if members["ca"] != nil {
                throw ConfigError(
                    "cannot specify both trust_pool and trusted_ca_cert or trusted_ca_cert_file",
                    at: node.name)
            }
            members["ca"] = ["provider": "inline", "trusted_ca_certs": .strings(authorities)]
        }
        members.set("trusted_leaf_certs", leaves)
        members.set("verifiers", verifiers)
        return .object(members)
    }

    /// The certificates of a PEM file (RFC 7468) in base64.
    private func certificates(in file: Token) throws(ConfigError) -> [String] {
        let bytes: [UInt8]
        do { bytes = try sources.readFile(file.text) } catch {
            throw ConfigError("cannot read certificate file \(file.text): \(error)", at: file)
        }
        var found: [String] = []
        var body: String?
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = line.filter { !$0.isWhitespace }
            if text == "-----BEGINCERTIFICATE-----" {
                body = ""
            } else if text == "-----ENDCERTIFICATE-----" {
                if let body, !body.isEmpty { found.append(body) }
                body = nil
            } else if let known = body {
                body = known + text
            }
        }
        if found.isEmpty {
            throw ConfigError("no certificate in file \(file.text)", at: file)
        }
        return found
    }

    /// A source of trusted authorities with its `provider`.
    func trustPool(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        switch node.name.text {
        case "system": try node.refuseArguments()
        case "inline": members = try pool(node, option: "trust_der", member: "trusted_ca_certs")
        case "file": members = try pool(node, option: "pem_file", member: "pem_files")
        case "pki_root", "pki_intermediate":
            members = try pool(node, option: "authority", member: "authority")
        case "http": members = try pool(node, option: "endpoints", member: "endpoints")
        case "storage": members = try storagePool(node)
        case "combined": members["sources"] = .array(try combinedPools(node))
        default: return try module("tls.ca_pool.source", inlineKey: "provider", node)
        }
        members["provider"] = .string(node.name.text)
        return .object(members)
    }

    private func pool(
        _ node: ConfigNode, option name: String, member: String
    ) throws(ConfigError) -> JSONObject {
        var values = node.texts
        for option in node.children {
            guard option.name.text == name else {
                throw option.unknown("option", in: node.name.text, known: [name])
            }
            values += try option.atLeastOneArgument("value")
        }
        if values.isEmpty { throw node.wrongCount("one or more values") }
        return [member: .strings(values)]
    }

    private func storagePool(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        var members: JSONObject = [:]
        var keys = node.texts
        for option in node.children {
            switch option.name.text {
            case "storage": members["storage"] = try storage(option.module("storage"))
            case "keys": keys += option.texts
            default: throw option.unknown("option", in: "storage", known: ["storage", "keys"])
            }
        }
        members.set("pem_keys", keys)
        return members
    }

    private func combinedPools(_ node: ConfigNode) throws(ConfigError) -> [JSONValue] {
        try node.refuseArguments()
        var pools: [JSONValue] = []
        for option in node.children {
            guard option.name.text == "source" else {
                throw option.unknown("option", in: "combined", known: ["source"])
            }
            pools.append(try trustPool(option.module("trust pool")))
        }
        if pools.isEmpty { throw node.wrongCount("a block with sources") }
        return pools
    }

    private func verifier(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        guard node.name.text == "leaf" else {
            return try module("tls.client_auth.verifier", inlineKey: "verifier", node)
        }
        var loaders: [JSONValue] = []
        if node.arguments.isEmpty {
            for loader in node.children { loaders.append(try leafLoader(loader)) }
        } else {
            loaders.append(try leafLoader(node.module("certificate loader")))
        }
        var members: JSONObject = ["verifier": "leaf"]
        members.set("leaf_certs_loaders", loaders)
        return .object(members)
    }

    private func leafLoader(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        let member: String
        switch node.name.text {
        case "file": member = "files"
        case "folder": member = "folders"
        case "pem": member = "certificates"
        default: return try module("tls.leaf_cert_loader", inlineKey: "loader", node)
        }
        return [
            "loader": .string(node.name.text),
            member: .strings(try node.atLeastOneArgument("value")),
        ]
    }

    /// Where certificates and keys are kept.
    func storage(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        guard node.name.text == "file_system" else {
            return try module("caddy.storage", inlineKey: "module", node)
        }
        var members: JSONObject = ["module": "file_system"]
        members.set("root", node.texts.first ?? "")
        for option in node.children {
            guard option.name.text == "root" else {
                throw option.unknown("option", in: "file_system", known: ["root"])
            }
            members["root"] = .string(try option.onlyArgument("path").text)
        }
        return .object(members)
    }
}
