// The sockets of one endpoint, one per worker.
import Base
import Transport
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

enum ListenerSockets {
    /// Opens them all or none.
    static func open(_ endpoint: Endpoint, count: Int) throws -> [Int32] {
        endpoint.address.isUnix
            ? try openUnix(endpoint, count) : try openInternet(endpoint, count)
    }

    /// The kernel spreads connections over sockets that share an address. It would share one with
    /// another process as well, so a probe without sharing makes sure that nobody has it.
    private static func openInternet(_ endpoint: Endpoint, _ count: Int) throws -> [Int32] {
        var address = endpoint.address
        do {
            Socket.close(try Socket.listen(address, isShared: false))
        } catch where error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL {
            // A machine without IPv6 serves all its IPv4 addresses instead.
            guard address.host == "::", let fallback = SocketAddress(
                literal: "0.0.0.0", port: endpoint.port)
            else { throw error }
            address = fallback
            Socket.close(try Socket.listen(address, isShared: false))
        }
        var sockets: [Int32] = []
        do {
            for _ in 0..<count { sockets.append(try Socket.listen(address, isShared: true)) }
        } catch {
            for socket in sockets { Socket.close(socket) }
            throw error
        }
        return sockets
    }

    /// One socket of the file system, which all workers accept from.
    private static func openUnix(_ endpoint: Endpoint, _ count: Int) throws -> [Int32] {
        let first = try Socket.listen(endpoint.address, isShared: false)
        var sockets = [first]
        for _ in 1..<max(1, count) {
            let copy = fcntl(first, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                for socket in sockets { Socket.close(socket) }
                throw SystemError(code: errno, call: "fcntl")
            }
            sockets.append(copy)
        }
        return sockets
    }
}
