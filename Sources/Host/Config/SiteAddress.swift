// Site addresses: `scheme://host:port/path`, every part optional.
import Base

struct SiteAddress: Hashable {
    let original: String
    var scheme = ""
    var host = ""
    var port = ""
    var path = ""

    /// Parses and normalises one key of a site block.
    init(_ key: Token) throws(ConfigError) {
        guard key.text.utf8.count <= Limits.siteAddressBytesMax else {
            throw ConfigError(
                "site address of \(key.text.utf8.count) bytes, expected at most "
                    + "\(Limits.siteAddressBytesMax)",
                at: key)
        }
        original = key.text
        var rest = original[...]
        if let separator = Self.schemeSeparator(in: rest) {
            scheme = Self.lowercasedOutsidePlaceholders(rest[..<separator.lowerBound])
            rest = rest[separator.upperBound...]
        }
        if let slash = rest.firstIndex(of: "/") {
            path = String(rest[slash...])
            rest = rest[..<slash]
        }
        if let (host, port) = HostPort.split(rest) ?? HostPort.split(rest + ":") {
            self.host = host
            self.port = port
        } else {
            host = String(rest)
        }
        try checkPort(key)
        try checkScheme(key)
        host = Self.lowercasedOutsidePlaceholders(host[...])
        host = IPAddressText.canonicalIPv6(host) ?? host
    }

    private static func schemeSeparator(in text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while let colon = text[index...].firstIndex(of: ":") {
            let after = text[colon...].prefix(3)
            if after == "://" { return colon..<after.endIndex }
            index = text.index(after: colon)
        }
        return nil
    }

    private func checkPort(_ key: Token) throws(ConfigError) {
        if port.isEmpty { return }
        guard let number = Int(port) else {
            throw ConfigError(
                "invalid port '\(port)' in the site address, expected a number", at: key)
        }
        guard (0...65_535).contains(number) else {
            throw ConfigError("port \(port) is out of range, expected 1 to 65535", at: key)
        }
    }

    private func checkScheme(_ key: Token) throws(ConfigError) {
        switch scheme {
        case "", "http", "https":
            return
        case "ws", "wss":
            let secure = scheme == "wss" ? "https" : "http"
            throw ConfigError(
                "the scheme \(scheme):// is only supported in browsers", at: key,
                hint: "use \(secure):// instead")
        default:
            throw ConfigError(
                "unsupported URL scheme \(scheme)://", at: key, hint: "use https:// or http://")
        }
    }

    /// How the address reads with its implied scheme; empty when it names neither host nor port.
    func withImpliedScheme() -> String {
        if host.isEmpty, port.isEmpty { return "" }
        let shown = scheme.isEmpty ? (port == "443" ? "https" : "http") : scheme
        let isDefault = port.isEmpty || port == (shown == "https" ? "443" : "80")
        return "\(shown)://" + (isDefault ? host : HostPort.join(host: host, port: port)) + path
    }

    static func lowercasedOutsidePlaceholders(_ text: Substring) -> String {
        var result = ""
        var isInside = false
        for character in text {
            if character == "{" { isInside = true }
            if character == "}" { isInside = false }
            result += isInside ? String(character) : character.lowercased()
        }
        return result
    }

    /// The length without wildcards and placeholders: the more of a name is fixed, the more
    /// specific it is.
    static func specificity(_ text: String) -> Int {
        var count = 0
        var rest = text[...]
        while let character = rest.first {
            if character == "{", let close = rest.firstIndex(of: "}") {
                rest = rest[rest.index(after: close)...]
                continue
            }
            if character != "*" { count += character.utf8.count }
            rest.removeFirst()
        }
        return count
    }
}
