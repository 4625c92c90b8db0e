// Listener addresses: `network/host:port`, `host:first-last`, `unix//path`, `fd/3`.
import Base

package struct NetworkAddress: Sendable, Hashable {
    package var network: String
    package var host: String
    package var firstPort: Int
    package var lastPort: Int

    package struct Problem: Error {
        let message: String
    }

    /// Parses an address whose port may be missing or a range.
    package init(_ text: String) throws(Problem) {
        let parts = try Self.split(text)
        network = parts.network.isEmpty ? "tcp" : parts.network
        host = parts.host
        firstPort = 0
        lastPort = 0
        guard !hasNoPort, !parts.port.isEmpty else { return }
        let bounds = parts.port.split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = bounds.first.flatMap({ Int($0) }),
            let last = bounds.last.flatMap({ Int($0) }),
            (0...65_535).contains(first), (0...65_535).contains(last)
        else { throw Problem(message: "invalid port \"\(parts.port)\"") }
        guard first <= last else {
            throw Problem(message: "end port must not be less than start port")
        }
        firstPort = first
        lastPort = last
    }

    /// A socket path or an inherited descriptor instead of host and port.
    package var hasNoPort: Bool { Self.hasNoPort(network) }

    private static func hasNoPort(_ network: String) -> Bool {
        network.hasPrefix("unix") || network.hasPrefix("fd")
    }

    /// Network, host and port as written; a missing part is empty.
    package static func split(
        _ text: String
    ) throws(Problem) -> (network: String, host: String, port: String) {
        var network = ""
        var rest = text[...]
        if let slash = text.firstIndex(of: "/") {
            network = text[..<slash].filter { $0 != " " }.lowercased()
            rest = text[text.index(after: slash)...]
            if hasNoPort(network) { return (network, String(rest), "") }
        }
        if let (host, port) = HostPort.split(rest) { return (network, host, port) }
        let bare = rest.drop { $0 == "[" || $0 == "]" }.reversed().drop { $0 == "[" || $0 == "]" }
        let host = String(bare.reversed())
        guard !host.contains("["), !host.contains("]") else {
            throw Problem(message: "invalid address \"\(text)\"")
        }
        return (network, host, "")
    }

    package static func join(network: String, host: String, port: String) -> String {
        let prefix = network.isEmpty ? "" : "\(network)/"
        if (!host.isEmpty && port.isEmpty) || hasNoPort(network) { return prefix + host }
        return port.isEmpty ? prefix : prefix + HostPort.join(host: host, port: port)
    }
}

extension NetworkAddress: CustomStringConvertible {
    package var description: String {
        let port =
            hasNoPort ? "" : firstPort == lastPort ? "\(firstPort)" : "\(firstPort)-\(lastPort)"
        let isDefault = network == "tcp" && (!host.isEmpty || !port.isEmpty)
        return Self.join(network: isDefault ? "" : network, host: host, port: port)
    }
}

/// `host:port` with brackets around IPv6 addresses (RFC 3986 §3.2.2).
package enum HostPort {
    /// Nil when there is no port or the brackets do not match.
    package static func split(_ text: some StringProtocol) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let port = text[text.index(after: colon)...]
        var host = Substring(text[..<colon])
        if host.first == "[" {
            guard host.last == "]" else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        if host.contains("[") || host.contains("]") || port.contains("[") || port.contains("]") {
            return nil
        }
        return (String(host), String(port))
    }

    package static func join(host: String, port: String) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
