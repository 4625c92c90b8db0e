// Automation policies of the TLS app: which issuers and settings the names of sites get.
import Base

/// One policy while it is built. A reference: the policy for all names may be a site's own too.
final class AutomationPolicy: Equatable {
    var subjects: [String] = []
    /// Issuers that still get the global defaults.
    var issuers: [JSONObject] = []
    /// Issuers that are final.
    var finalIssuers: [JSONValue]?
    var managers: [JSONValue] = []
    var keyType = ""
    var isOnDemand = false
    var reusesPrivateKeys = false
    var renewalWindowRatio: JSONValue?
    var disablesOCSPStapling = false

    init() {}

    init(copying other: AutomationPolicy) {
        subjects = other.subjects
        issuers = other.issuers
        finalIssuers = other.finalIssuers
        managers = other.managers
        copySettings(of: other)
    }

    private func copySettings(of other: AutomationPolicy) {
        keyType = other.keyType
        isOnDemand = other.isOnDemand
        reusesPrivateKeys = other.reusesPrivateKeys
        renewalWindowRatio = other.renewalWindowRatio
        disablesOCSPStapling = other.disablesOCSPStapling
    }

    var json: JSONValue {
        var members: JSONObject = [:]
        members.set("subjects", subjects)
        members.set("issuers", finalIssuers ?? [])
        members.set("get_certificate", managers)
        members.set("key_type", keyType)
        members.set("on_demand", isOnDemand)
        members.set("reuse_private_keys", reusesPrivateKeys)
        members["renewal_window_ratio"] = renewalWindowRatio
        members.set("disable_ocsp_stapling", disablesOCSPStapling)
        return .object(members)
    }

    /// Whether nothing but names, and perhaps managers, is set.
    var isEmpty: Bool {
        let empty = AutomationPolicy()
        empty.subjects = subjects
        return self == empty
    }

    static func == (left: AutomationPolicy, right: AutomationPolicy) -> Bool {
        left.json == right.json && left.issuers == right.issuers
    }

    // MARK: Names

    func qualifiesForPublic(_ name: String) -> Bool {
        CertificateNames.qualifiesForPublic(name, onDemand: isOnDemand)
    }

    var hasOnlyPublicNames: Bool {
        subjects.allSatisfy { qualifiesForPublic($0) && !CertificateNames.isManagedElsewhere($0) }
    }

    /// Whether the names of `other` cover all names of this policy.
    func isSubset(of other: AutomationPolicy) -> Bool {
        if other.subjects.isEmpty { return true }
        if subjects.isEmpty { return false }
        return subjects.allSatisfy { name in
            other.subjects.contains { CertificateNames.matches(name, wildcard: $0) }
        }
    }

    // MARK: Issuers

    func hasSameIssuers(as other: AutomationPolicy) -> Bool {
        if finalIssuers == other.finalIssuers {
            if finalIssuers != nil || !issuers.isEmpty || !other.issuers.isEmpty { return true }
            let kinds = (kindOfNames, other.kindOfNames)
            return kinds.0 == .all || kinds.1 == .all || kinds.0 == kinds.1
        }
        return usesInternalIssuer && other.usesInternalIssuer
    }

    private enum KindOfNames {
        case all, mixed, publicNames, internalNames
    }

    private var kindOfNames: KindOfNames {
        if subjects.isEmpty { return .all }
        let count = subjects.count { qualifiesForPublic($0) }
        return count == subjects.count ? .publicNames : count == 0 ? .internalNames : .mixed
    }

    private var usesInternalIssuer: Bool {
        if finalIssuers == nil, issuers.isEmpty { return kindOfNames == .internalNames }
        return issuers.isEmpty && finalIssuers == [["module": "internal"]]
    }

    func hasSameSettings(as other: AutomationPolicy) -> Bool {
        managers == other.managers && keyType == other.keyType && isOnDemand == other.isOnDemand
            && reusesPrivateKeys == other.reusesPrivateKeys
            && renewalWindowRatio == other.renewalWindowRatio
    }
}

enum AutomationPolicies {
    /// Puts special policies before general ones, drops those that change nothing and joins those
    /// that differ in their names only.
    static func consolidate(_ policies: [AutomationPolicy]) -> [AutomationPolicy] {
        let sorted = policies.stablySorted { left, right in
            if left.isSubset(of: right) { return true }
            if right.isSubset(of: left) { return false }
            return left.subjects.count > right.subjects.count
        }
        guard let useful = dropEmpty(sorted) else { return [] }
        return join(useful)
    }

    /// The first later policy that covers all names of the one at `index`.
    private static func shadow(of index: Int, in policies: [AutomationPolicy]) -> Int? {
        policies.indices.dropFirst(index + 1).first {
            policies[index].isSubset(of: policies[$0])
        }
    }

    /// - Returns: Nil when all policies are empty.
    private static func dropEmpty(_ policies: [AutomationPolicy]) -> [AutomationPolicy]? {
        var policies = policies
        var emptyCount = 0
        let count = policies.count
        var index = 0
        while index < policies.count {
            guard policies[index].isEmpty else {
                index += 1
                continue
            }
            emptyCount += 1
            var isDropped = index == policies.count - 1
            if let shadow = shadow(of: index, in: policies) {
                let bare = AutomationPolicy()
                bare.subjects = policies[shadow].subjects
                bare.managers = policies[shadow].managers
                isDropped = isDropped || policies[shadow] == bare
            }
            if isDropped { policies.remove(at: index) } else { index += 1 }
        }
        return emptyCount == count ? nil : policies
    }

    private static func join(_ policies: [AutomationPolicy]) -> [AutomationPolicy] {
        var policies = policies
        var index = 0
        outer: while index < policies.count {
            var other = index + 1
            while other < policies.count {
                let left = policies[index]
                let right = policies[other]
                if left == right {
                    policies.remove(at: other)
                    continue outer
                }
                guard left.hasSameIssuers(as: right), left.hasSameSettings(as: right) else {
                    other += 1
                    continue
                }
                if !left.subjects.isEmpty, right.subjects.isEmpty {
                    if let shadow = shadow(of: index, in: policies), shadow >= other {
                        policies.remove(at: index)
                        continue outer
                    }
                    other += 1
                } else {
                    left.subjects += right.subjects.filter { !left.subjects.contains($0) }
                    policies.remove(at: other)
                }
            }
            index += 1
        }
        return policies
    }
}
