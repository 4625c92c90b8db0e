// One connected socket with what waits to be written to it, plain or encrypted.
package import Base

/// Bytes in and out of one connection, on one loop.
///
/// Reads give a count > 0, 0 for an orderly end, or a negative `Errno`; `wouldBlock` means later.
/// Writes are tried at once; what the peer does not take waits in `output`, and the link asks the
/// loop for writability until it is gone. The owner is told through the callback it gave to `open`.
package final class Link {
    package let fd: Int32
    package let loop: EventLoop
    package var tls: TLSSession?
    package private(set) var output = ByteQueue()
    package private(set) var isOpen = true
    /// A write failed: nothing more can be sent; the owner closes the link.
    package private(set) var isBroken = false
    private var source: EventLoop.Source?
    private var wantsRead = false
    /// TLS needs the socket to be writable (or readable) to make progress in the other direction.
    private var wantsWrite = false
    private var watchesLeaving = true

    package init(fd: Int32, loop: EventLoop) {
        self.fd = fd
        self.loop = loop
    }

    deinit { close() }

    /// Registers with the loop. `context` is unretained and must outlive the link.
    package func open(
        _ interest: Readiness, _ context: UnsafeMutableRawPointer,
        _ callback: @escaping EventLoop.Callback
    ) throws(SystemError) {
        wantsRead = interest.contains(.readable)
        wantsWrite = interest.contains(.writable)
        source = try loop.watch(fd, interest.union(.leaving), context, callback)
    }

    // MARK: Reading

    package func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let tls else { return Socket.receive(fd, buffer) }
        switch tls.read(into: buffer) {
        case .done(let count): return count
        case .wantRead: return Errno.wouldBlock
        case .wantWrite:
            setWantsWrite(true)
            return Errno.wouldBlock
        case .closed: return 0
        // Only a handshake wants a certificate.
        case .failed, .wantCertificate: return Errno.connectionReset
        }
    }

    /// Decrypted bytes that the loop will not announce, because they have left the socket already.
    package var hasBufferedInput: Bool { tls?.hasPending ?? false }

    package var isReading: Bool { wantsRead }

    package func setReading(_ isWanted: Bool) {
        guard wantsRead != isWanted else { return }
        wantsRead = isWanted
        updateInterest()
    }

    /// Whether the peer has neither left nor said anything. One system call.
    package var isQuiet: Bool { Socket.isQuiet(fd) }

    // MARK: Writing

    package var hasPendingOutput: Bool { !output.isEmpty }

    /// Sends bytes, or keeps those that cannot be sent yet.
    package func send(_ bytes: UnsafeRawBufferPointer) {
        guard isOpen, !isBroken, bytes.count > 0 else { return }
        if !output.isEmpty {
            output.append(bytes)
            return
        }
        let written = writeNow(bytes)
        if written < bytes.count, !isBroken {
            output.append(UnsafeRawBufferPointer(rebasing: bytes[written...]))
            setWantsWrite(true)
        }
    }

    /// Two pieces that belong together, in one system call where that is possible.
    package func send(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
        guard tls == nil, output.isEmpty, isOpen, !isBroken, first.count > 0, second.count > 0
        else {
            send(first)
            send(second)
            return
        }
        let result = Socket.send(fd, first, second)
        guard result >= 0 || result == Errno.wouldBlock else {
            isBroken = true
            return
        }
        let written = max(0, result)
        guard written < first.count + second.count else { return }
        if written < first.count {
            output.append(UnsafeRawBufferPointer(rebasing: first[written...]))
            output.append(second)
        } else {
            output.append(UnsafeRawBufferPointer(rebasing: second[(written - first.count)...]))
        }
        setWantsWrite(true)
    }

    /// Writes what waits, when the loop says that there is room.
    package func flush() {
        while !output.isEmpty, !isBroken {
            let written = writeNow(output.bytes)
            guard written > 0 else { return }
            output.consume(written)
        }
        setWantsWrite(false)
    }

    private func writeNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let tls else {
            let result = Socket.send(fd, bytes)
            if result < 0, result != Errno.wouldBlock { isBroken = true }
            return max(0, result)
        }
        var written = 0
        while written < bytes.count {
            switch tls.write(UnsafeRawBufferPointer(rebasing: bytes[written...])) {
            case .done(let count): written += count
            case .wantRead, .wantWrite: return written
            case .closed, .failed, .wantCertificate:
                isBroken = true
                return written
            }
        }
        return written
    }

    package func setWantsWrite(_ isWanted: Bool) {
        guard wantsWrite != isWanted else { return }
        wantsWrite = isWanted
        updateInterest()
    }

    private func updateInterest() {
        guard let source else { return }
        var interest: Readiness = watchesLeaving ? .leaving : []
        if wantsRead { interest.insert(.readable) }
        if wantsWrite { interest.insert(.writable) }
        loop.setInterest(source, interest)
    }

    // MARK: Ending

    /// Stops to watch for the peer's leaving, which the loop would announce again and again while
    /// nothing is read; the next read finds out.
    package func ignoreLeaving() {
        watchesLeaving = false
        updateInterest()
    }

    /// Ends the connection. An aborted one is reset, so that the peer knows that something is
    /// missing even where only the end of the connection says where a message ends.
    package func close(abort: Bool = false) {
        guard isOpen else { return }
        isOpen = false
        if let source { loop.unwatch(source) }
        source = nil
        output.removeAll()
        if abort {
            tls = nil
            Socket.abort(fd)
        } else {
            if !isBroken { _ = tls?.shutdown() }
            tls = nil
            Socket.close(fd)
        }
    }

    /// Says that nothing more will be sent, and keeps reading.
    package func shutdownWrite() {
        _ = tls?.shutdown()
        Socket.shutdownWrite(fd)
    }
}
