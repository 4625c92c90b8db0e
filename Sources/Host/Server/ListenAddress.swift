// The listening addresses of a configuration: ":443", "127.0.0.1:8080", "unix//run/gw.sock".
import Base
import Transport

/// One address as configured, expanded from ranges.
struct ListenAddress: Hashable {
    let text: String
    let address: String
    let port: UInt16
    let isUnix: Bool

    /// Reads an address with its optional network ("tcp/…", "unix/…") and port range.
    static func parse(_ text: String) throws(ServerError) -> [ListenAddress] {
        var rest = Substring(text)
        if rest.hasPrefix("unix/") {
            let path = String(rest.dropFirst(5).prefix { $0 != "|" })
            guard !path.isEmpty else {
                throw ServerError("listen address \"\(text)\" has no path")
            }
            return [ListenAddress(text: text, address: path, port: 0, isUnix: true)]
        }
        for network in ["tcp/", "tcp4/", "tcp6/"] where rest.hasPrefix(network) {
            rest = rest.dropFirst(network.count)
        }
        guard !rest.contains("/") else {
            throw ServerError("listen address \"\(text)\" has a network that is not supported")
        }
        guard let colon = rest.lastIndex(of: ":") else {
            throw ServerError("listen address \"\(text)\" has no port")
        }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let ports = rest[rest.index(after: colon)...].split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = ports.first.flatMap({ UInt16($0) }),
            let last = ports.count == 2 ? UInt16(ports[1]) : first, first <= last
        else { throw ServerError("listen address \"\(text)\" has a port that is no number") }
        return (first...last).map {
            ListenAddress(text: text, address: host, port: $0, isUnix: false)
        }
    }

    /// The socket address; names are looked up.
    func resolve() throws(ServerError) -> SocketAddress {
        if isUnix {
            guard let socket = SocketAddress(unixPath: address) else {
                throw ServerError("socket path \"\(address)\" is too long")
            }
            return socket
        }
        if address.isEmpty {
            // All addresses, of both families where the machine has IPv6.
            return SocketAddress(literal: "::", port: port) ?? SocketAddress()
        }
        if let literal = SocketAddress(literal: address, port: port) { return literal }
        do {
            return try Resolver.resolve(host: address, port: port)[0]
        } catch {
            throw ServerError("listen address \"\(text)\": \(error)")
        }
    }
}
