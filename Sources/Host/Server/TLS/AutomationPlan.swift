// The `apps.tls.automation` object: which issuer a name's certificate comes from, and when.
import Base
import Certificates

/// What a certificate of the internal issuer is to be like.
struct IssuerSettings: Hashable, Sendable {
    var authority = "local"
    var lifetimeSeconds = Limits.leafLifetimeSeconds
    var signsWithRoot = false
    var keyKind = KeyKind.p256
}

/// Policies in their order; the first that covers a name is the one for it.
struct AutomationPlan: Sendable {
    struct Policy: Sendable {
        /// Lower case; empty is for all names.
        var subjects: [String] = []
        var issuer = IssuerSettings()
        var isOnDemand = false
    }

    private(set) var policies: [Policy] = []
    private(set) var onDemand = OnDemandSettings()
    private(set) var warnings: [String] = []

    /// - Parameter json: The object; null for none.
    init(_ json: JSONValue) throws(ServerError) {
        guard json != .null else { return }
        var object = try StrictObject(json, at: "apps.tls.automation")
        for (index, policy) in (object.take("policies")?.arrayValue ?? []).enumerated() {
            policies.append(
                try readPolicy(policy, at: "apps.tls.automation.policies[\(index)]"))
        }
        if let json = object.take("on_demand") {
            onDemand = try OnDemandSettings(json, at: "apps.tls.automation.on_demand")
        }
        // Certificates are looked at when they are due, and there is no OCSP.
        for name in ["ocsp_interval", "renew_interval", "storage_clean_interval"] {
            _ = object.take(name)
        }
        try object.finish()
    }

    var usesOnDemand: Bool { policies.contains(where: \.isOnDemand) }

    /// The policy of a lower-case name.
    func policy(for name: String) -> Policy {
        policies.first { policy in
            policy.subjects.isEmpty || policy.subjects.contains { Self.covers($0, name) }
        } ?? Policy()
    }

    /// Whether a subject is the name or a wildcard one label above it.
    static func covers(_ subject: String, _ name: String) -> Bool {
        if subject == name { return true }
        guard subject.hasPrefix("*."), let dot = name.firstIndex(of: ".") else { return false }
        return subject.dropFirst() == name[dot...]
    }

    private mutating func readPolicy(
        _ json: JSONValue, at location: String
    ) throws(ServerError) -> Policy {
        var object = try StrictObject(json, at: location)
        var policy = Policy()
        policy.subjects = (try object.strings("subjects") ?? []).map { $0.lowercased() }
        policy.isOnDemand = try object.bool("on_demand") ?? false
        let issuers = object.take("issuers")?.arrayValue ?? []
        policy.issuer = try readIssuer(issuers, policy.subjects, at: location)
        if let kind = try object.string("key_type") {
            guard let known = KeyKind(rawValue: kind) else {
                throw ServerError("unknown key_type \"\(kind)\"", at: location)
            }
            policy.issuer.keyKind = known
        }
        if object.take("get_certificate") != nil {
            throw ServerError("get_certificate is not supported yet", at: location)
        }
        for name in ["reuse_private_keys", "renewal_window_ratio", "disable_ocsp_stapling"] {
            _ = object.take(name)
        }
        try object.finish()
        return policy
    }

    /// The internal authority is the one issuer so far: names that ask for another get a warning.
    private mutating func readIssuer(
        _ issuers: [JSONValue], _ subjects: [String], at location: String
    ) throws(ServerError) -> IssuerSettings {
        if let json = issuers.first(where: { $0["module"]?.stringValue == "internal" }) {
            return try internalIssuer(json, at: "\(location).issuers")
        }
        if let other = issuers.first?["module"]?.stringValue {
            let names = subjects.isEmpty ? "all names" : subjects.joined(separator: ", ")
            warnings.append(
                "issuer \(other) is not there yet, \(names): certificates come from the internal authority"
            )
        }
        return IssuerSettings()
    }

    private func internalIssuer(
        _ json: JSONValue, at location: String
    ) throws(ServerError) -> IssuerSettings {
        var object = try StrictObject(json, at: location)
        _ = object.take("module")
        var issuer = IssuerSettings()
        if let authority = try object.string("ca") { issuer.authority = authority }
        if let lifetime = try object.seconds("lifetime") { issuer.lifetimeSeconds = lifetime }
        issuer.signsWithRoot = try object.bool("sign_with_root") ?? false
        try object.finish()
        return issuer
    }
}
