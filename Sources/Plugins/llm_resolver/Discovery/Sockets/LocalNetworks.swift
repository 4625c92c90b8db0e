// The networks that this machine has an address in.

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

struct LocalNetworks: Hashable, Sendable {
    struct Network: Hashable, Sendable {
        var address: IPAddress
        var prefix: Int
    }

    var networks: [Network]

    /// Whether an address is in one of them, so that it can be dialled without a router: what
    /// makes a container's address reachable, from the host as from another container.
    func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.address.isEqual(to: address, prefix: $0.prefix) }
    }

    static func current() -> LocalNetworks {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return LocalNetworks(networks: []) }
        defer { freeifaddrs(first) }
        var networks: [Network] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            if let address = IPAddress(entry.ifa_addr), let mask = address.prefix(entry.ifa_netmask)
            {
                networks.append(Network(address: address, prefix: mask))
            }
        }
        return LocalNetworks(networks: networks)
    }
}

extension IPAddress {
    /// Bits of the network part; nil when there is no mask of this address's family.
    fileprivate func prefix(_ mask: UnsafeMutablePointer<sockaddr>?) -> Int? {
        guard let mask else { return nil }
        if family == .v4 {
            return mask.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                $0.pointee.sin_addr.s_addr.nonzeroBitCount
            }
        }
        return mask.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { bytes in
                bytes.reduce(0) { $0 + $1.nonzeroBitCount }
            }
        }
    }
}
