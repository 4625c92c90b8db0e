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
        let address = try usableAddress(endpoint)
        var sockets: [Int32] = []
        do {
            for _ in 0..<count { sockets.append(try Socket.listen(address, isShared: true)) }
        } catch {
            for socket in sockets { Socket.close(socket) }
            throw error
        }
        return sockets
    }

    /// The endpoint's address; a machine without IPv6 serves all its IPv4 addresses instead.
    private static func usableAddress(_ endpoint: Endpoint) throws -> SocketAddress {
        guard let error = probe(endpoint.address) else { return endpoint.address }
        let lacksFamily = error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL
        guard lacksFamily, endpoint.address.host == "::",
            let fallback = SocketAddress(literal: "0.0.0.0", port: endpoint.port)
        else { throw ServerError("listening on port \(endpoint.port): \(error)") }
        if let error = probe(fallback) {
            throw ServerError("listening on port \(endpoint.port): \(error)")
        }
        return fallback
    }

    private static func probe(_ address: SocketAddress) -> SystemError? {
        do throws(SystemError) {
            Socket.close(try Socket.listen(address, isShared: false))
            return nil
        } catch {
            return error
        }
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
