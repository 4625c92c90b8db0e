// Which names a certificate can be for, and which authorities may issue one.

enum CertificateNames {
    /// Whether a name can stand in a certificate at all.
    static func qualifies(_ name: String) -> Bool {
        guard name.contains(where: { !$0.isWhitespace }), !name.hasPrefix("."), !name.hasSuffix(".")
        else { return false }
        let wildcardFits =
            !name.contains("*") || name == "*" || name.hasPrefix("*.")
            || name.hasSuffix(".*") || name.split(separator: ".").contains("*")
        return wildcardFits && !name.contains { "()[]{}<> \t\n\"\\!@#$%^&|;'+=".contains($0) }
    }

    /// Whether a public authority would issue for the name. `onDemand` issues for the names of
    /// single requests, so wildcards do not matter then.
    static func qualifiesForPublic(_ name: String, onDemand: Bool) -> Bool {
        let wildcards = name.split(separator: ".", omittingEmptySubsequences: false)
            .dropLast().count { $0.hasSuffix("*") }
        return !IPAddressText.isIPAddress(withoutBrackets(name)) && !isInternal(name)
            && (wildcards < 2 || onDemand)
    }

    /// Names that never are public, whatever the policy says.
    static func qualifiesForPublicAlone(_ name: String) -> Bool {
        guard qualifies(name), !isInternal(name) else { return false }
        if !name.contains("*") { return true }
        let isPlainWildcard = name.hasPrefix("*.") && name.count { $0 == "*" } == 1
        return isPlainWildcard && name.count { $0 == "." } > 1
    }

    /// Names for local use (RFC 6761, RFC 6762, RFC 8375) and addresses of private networks.
    static func isInternal(_ name: String) -> Bool {
        var host = withoutBrackets(name).lowercased()
        if host.hasSuffix(".") { host.removeLast() }
        let suffixes = [".localhost", ".local", ".internal", ".home.arpa"]
        return host == "localhost" || suffixes.contains { host.hasSuffix($0) }
            || isInternalAddress(host)
    }

    /// Names that another system issues certificates for.
    static func isManagedElsewhere(_ name: String) -> Bool {
        name.lowercased().hasSuffix(".ts.net")
    }

    /// Whether stars in whole labels make the wildcard cover the name.
    static func matches(_ name: String, wildcard: String) -> Bool {
        let name = name.lowercased()
        let wildcard = wildcard.lowercased()
        if name == wildcard { return true }
        guard wildcard.contains("*") else { return false }
        var labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for index in labels.indices where !labels[index].isEmpty {
            labels[index] = "*"
            if labels.joined(separator: ".") == wildcard { return true }
        }
        return false
    }

    private static func withoutBrackets(_ name: String) -> String {
        let host = HostPort.split(name)?.host ?? name
        return host.filter { $0 != "[" && $0 != "]" }
    }

    /// Loopback, private and link-local networks (RFC 1918, RFC 4193, RFC 4291).
    private static func isInternalAddress(_ host: String) -> Bool {
        if host == "::1" || host == "::" { return IPAddressText.isIPAddress(host) }
        guard IPAddressText.isIPAddress(host) else { return false }
        if host.contains(":") {
            return host.hasPrefix("fc") || host.hasPrefix("fd") || host.hasPrefix("fe80")
        }
        let parts = host.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4 else { return false }
        switch (parts[0], parts[1]) {
        case (10, _), (127, _), (192, 168), (169, 254), (172, 16...31): return true
        default: return false
        }
    }
}
