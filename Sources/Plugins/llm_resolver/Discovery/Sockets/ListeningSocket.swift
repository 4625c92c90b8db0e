// A TCP socket that accepts connections.

struct ListeningSocket: Hashable, Sendable {
    var address: IPAddress
    var port: UInt16
    /// Of IPv6: does not accept IPv4. Not known from /proc/net, where it is false.
    var isIPv6Only = false
    /// Number of the socket in the links of /proc/PID/fd; 0 while it belongs to nobody.
    var inode: UInt64
    /// Number that the kernel never gives to another socket of this network namespace; 0 when the
    /// source does not tell.
    var cookie: UInt64 = 0
    var userID: UInt32

    var key: SocketKey { SocketKey(inode: inode, cookie: cookie) }

    /// Where a client on this machine reaches it, best first. An address on which it does not
    /// listen is never among them: there may be somebody else behind it.
    var dialAddresses: [DialAddress] {
        let addresses: [IPAddress] =
            switch (address.isWildcard, address.family) {
            case (false, _): [address]
            case (true, .v4): [.loopbackV4]
            case (true, .v6): isIPv6Only ? [.loopbackV6] : [.loopbackV4, .loopbackV6]
            }
        return addresses.map { DialAddress(address: $0, port: port) }
    }
}

/// Tells one socket from every other one, before and after it.
struct SocketKey: Hashable, Sendable {
    let inode: UInt64
    let cookie: UInt64

    /// Whether both are the same socket, by what both sources tell.
    func isSame(as other: SocketKey) -> Bool {
        inode == other.inode && (cookie == other.cookie || cookie == 0 || other.cookie == 0)
    }
}
