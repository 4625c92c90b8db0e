// An upstream as a Caddyfile writes it: [scheme://|network/]host[:port|:first-last].
import PluginSDK

/// One argument of reverse_proxy, taken apart. Host and port may hold placeholders unless there is
/// a scheme.
struct UpstreamAddress: Equatable {
    enum Scheme: String {
        case none = ""
        case http
        case https
        case h2c

        /// Port when the address names none.
        var port: String { self == .https ? "443" : "80" }
    }

    private(set) var scheme = Scheme.none
    /// "unix" and the like; empty for TCP.
    private var network = ""
    private var host = ""
    private var port = ""

    init(_ token: Token) throws(PluginError) {
        let text = token.text
        if let separator = text.indices.first(where: { text[$0...].hasPrefix("://") }) {
            try readURL(
                scheme: String(text[..<separator]),
                rest: String(text[separator...].dropFirst(3)), at: token)
        } else {
            readPlain(text)
        }
        if network == "unix+h2c" {
            network = "unix"
            scheme = .h2c
        }
    }

    /// What the transport dials: one address for each port of a range.
    func dialAddresses(at token: Token) throws(PluginError) -> [String] {
        guard !port.isEmpty, !port.contains("{") else { return [dial(port: port)] }
        let bounds = port.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = UInt16(bounds[0]), let last = UInt16(bounds[bounds.count - 1]) else {
            throw PluginError(
                "\"\(port)\" is no port, expected a number or a range such as 8001-8004", at: token)
        }
        guard first <= last else {
            throw PluginError("the port range \(port) ends before it begins", at: token)
        }
        return (first...last).map { dial(port: String($0)) }
    }

    private func dial(port: String) -> String {
        let prefix = network.isEmpty || network == "tcp" ? "" : network + "/"
        guard !port.isEmpty else { return prefix + host }
        return prefix + (host.contains(":") ? "[\(host)]" : host) + ":" + port
    }

    private mutating func readURL(
        scheme name: String, rest: String, at token: Token
    ) throws(PluginError) {
        guard !token.text.contains("{") else {
            throw PluginError(
                "\"\(token.text)\" has both a scheme and a placeholder",
                hint: "leave the scheme away, and say transport http { tls } for TLS", at: token)
        }
        scheme = try Self.scheme(name, at: token)
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            throw PluginError(
                "\"\(token.text)\" has a path or a query, expected scheme, host and port only",
                hint: "change the path with rewrite or uri", at: token)
        }
        guard let (host, port) = Self.split(rest) else {
            throw PluginError("\"\(token.text)\" is no upstream address", at: token)
        }
        let other = scheme == .https ? Scheme.http : .https
        guard port != other.port else {
            throw PluginError(
                "\"\(token.text)\" has the scheme \(scheme.rawValue) and the port of "
                    + other.rawValue, at: token)
        }
        self.host = host
        self.port = port.isEmpty ? scheme.port : port
    }

    private static func scheme(_ name: String, at token: Token) throws(PluginError) -> Scheme {
        if let scheme = Scheme(rawValue: name), scheme != .none { return scheme }
        let hint =
            switch name {
            case "ws": "use http://, which carries WebSockets, too"
            case "wss": "use https://, which carries WebSockets, too"
            default: "http, https and h2c are known"
            }
        throw PluginError("upstreams cannot have the scheme \(name)://", hint: hint, at: token)
    }

    private mutating func readPlain(_ text: String) {
        var address = text
        if let slash = text.firstIndex(of: "/") {
            network = text[..<slash].lowercased()
            address = String(text[text.index(after: slash)...])
        }
        if network.hasPrefix("unix") || network.hasPrefix("fd") {
            host = address
            return
        }
        if let (host, port) = Self.split(address) {
            self.host = host
            self.port = port
        } else {
            host = address
        }
        // A placeholder without a port is expected to bring one.
        if port.isEmpty, !host.contains("{") { port = "80" }
    }

    /// Host and port, the port empty when there is none; nil for what is neither.
    private static func split(_ text: String) -> (host: String, port: String)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            return (host, String(rest.dropFirst()))
        }
        let colons = text.filter { $0 == ":" }.count
        guard colons > 0 else { return (text, "") }
        guard colons == 1, let colon = text.firstIndex(of: ":") else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
