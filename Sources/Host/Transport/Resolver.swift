// Names to addresses, off the loops.
private import Base
internal import CSystem

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// Looks a host name up with the system's resolver.
package enum Resolver {
    /// What `dial` names, when that takes no look-up: an address literal, or a Unix socket.
    ///
    /// - Parameter host: Without brackets; a path for Unix sockets.
    package static func literal(host: String, port: UInt16) -> SocketAddress? {
        SocketAddress(literal: host, port: port)
    }

    /// Addresses of a host in the system's order of preference. Blocks; for pool threads only.
    package static func resolve(host: String, port: UInt16) throws(ResolutionError)
        -> [SocketAddress]
    {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        var result = getaddrinfo(host, String(port), &hints, &list)
        if result == EAI_NONAME {
            // A machine with loopback only has no "configured" address of either family.
            hints.ai_flags = 0
            result = getaddrinfo(host, String(port), &hints, &list)
        }
        guard result == 0 else {
            throw ResolutionError(host: host, reason: String(cString: gai_strerror(result)))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee, addresses.count < Limits.upstreamAddressesMax {
            if let address = info.ai_addr {
                var storage = sockaddr_storage()
                withUnsafeMutableBytes(of: &storage) {
                    $0.copyMemory(
                        from: UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)))
                }
                addresses.append(SocketAddress(storage: storage, length: UInt32(info.ai_addrlen)))
            }
            entry = info.ai_next
        }
        guard !addresses.isEmpty else {
            throw ResolutionError(host: host, reason: "no usable address")
        }
        return addresses
    }
}

package struct ResolutionError: Error, CustomStringConvertible {
    package let host: String
    package let reason: String

    package init(host: String, reason: String) {
        self.host = host
        self.reason = reason
    }

    package var description: String { "looking up \(host): \(reason)" }
}
