// Sockets of listeners and connections.
internal import CSystem

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// Calls on socket descriptors. Results of the data path are counts ≥ 0 or negative `Errno`s.
package enum Socket {
    // MARK: Control plane

    /// A listening socket.
    ///
    /// - Parameter isShared: Several sockets may have the address; the kernel spreads connections.
    package static func listen(
        _ address: SocketAddress, isShared: Bool, backlog: Int32 = 4096
    ) throws(SystemError) -> Int32 {
        let fd = try SystemError.check(gwx_socket(address.family), "socket")
        do {
            if !address.isUnix {
                _ = gwx_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)
                if isShared {
                    _ = try SystemError.check(
                        gwx_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1), "setsockopt")
                }
                if address.family == AF_INET6 {
                    // "[::]" serves IPv4 too, as every peer's does by default.
                    _ = gwx_set_option(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0)
                }
            }
            _ = try SystemError.check(bind(fd, address), "bind")
            _ = try SystemError.check(gwx_listen(fd, backlog), "listen")
        } catch {
            _ = gwx_close(fd)
            throw error
        }
        return fd
    }

    private static func bind(_ fd: Int32, _ address: SocketAddress) -> Int32 {
        withUnsafePointer(to: address.storage) { gwx_bind(fd, $0, socklen_t(address.length)) }
    }

    /// Raises the soft limit of open descriptors to the hard one; what it is then.
    package static func raiseDescriptorLimit() -> Int {
        Int(clamping: gwx_raise_descriptor_limit())
    }

    package static func localAddress(_ fd: Int32) -> SocketAddress {
        var storage = sockaddr_storage()
        guard gwx_local_address(fd, &storage) == 0 else { return SocketAddress() }
        return SocketAddress(storage: storage, length: UInt32(MemoryLayout<sockaddr_storage>.size))
    }

    // MARK: Data path

    /// A connection, non-blocking, and its peer's address; negative when there is none.
    package static func accept(_ listener: Int32, peer: inout SocketAddress) -> Int {
        Int(gwx_accept(listener, &peer.storage))
    }

    /// A descriptor whose connect is under way or done; negative on failure.
    package static func connect(to address: SocketAddress) -> Int {
        let fd = gwx_socket(address.family)
        guard fd >= 0 else { return Int(fd) }
        let result = withUnsafePointer(to: address.storage) {
            gwx_connect(fd, $0, socklen_t(address.length))
        }
        if result < 0, Int(result) != Errno.inProgress {
            _ = gwx_close(fd)
            return Int(result)
        }
        if !address.isUnix { setNoDelay(Int32(fd)) }
        return Int(fd)
    }

    package static func setNoDelay(_ fd: Int32) {
        _ = gwx_set_option(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    package static func receive(_ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return gwx_recv(fd, base, buffer.count)
    }

    package static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        return gwx_send(fd, base, bytes.count, 0)
    }

    /// Two pieces in one call.
    package static func send(
        _ fd: Int32, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) -> Int {
        var parts = (
            iovec(
                iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count
            ),
            iovec(
                iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress),
                iov_len: second.count)
        )
        return withUnsafePointer(to: &parts) {
            $0.withMemoryRebound(to: iovec.self, capacity: 2) { gwx_send_vector(fd, $0, 2) }
        }
    }

    package static func isQuiet(_ fd: Int32) -> Bool { gwx_is_quiet(fd) == 1 }

    package static func pendingError(_ fd: Int32) -> Int { Int(gwx_socket_error(fd)) }

    package static func shutdownWrite(_ fd: Int32) { _ = gwx_shutdown_write(fd) }

    package static func close(_ fd: Int32) { _ = gwx_close(fd) }

    /// Closes so that the peer sees a reset: what it got so far was not all.
    package static func abort(_ fd: Int32) {
        _ = gwx_set_abortive_close(fd)
        _ = gwx_close(fd)
    }

    package static func read(_ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return gwx_read(fd, base, buffer.count)
    }

    /// Moves up to `count` bytes between a socket and a pipe without copying them.
    package static func splice(from: Int32, to: Int32, count: Int) -> Int {
        #if os(Linux)
        gwx_splice(from, to, count)
        #else
        -Int(ENOTSUP)
        #endif
    }

    /// A pipe that holds at least `capacity` bytes where the system allows it.
    package static func pipe(capacity: Int) throws(SystemError) -> (read: Int32, write: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { gwx_pipe($0, Int32(capacity)) }
        }
        _ = try SystemError.check(result, "pipe")
        return (ends.0, ends.1)
    }
}
