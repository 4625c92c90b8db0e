// Moving bytes between two plain sockets without copying them (splice(2), Linux).
private import Base

/// A pipe that bytes pass through on their way from one socket to another. It is empty whenever
/// `move` is not running, so one per worker is enough.
package final class SplicePipe {
    private let readEnd: Int32
    private let writeEnd: Int32

    package init() throws(SystemError) {
        (readEnd, writeEnd) = try Socket.pipe(capacity: Limits.splicePipeBytes)
    }

    deinit {
        Socket.close(readEnd)
        Socket.close(writeEnd)
    }

    /// Moves what is there, at most `count` bytes. What the target does not take waits in its
    /// output, as after `Link.send`.
    ///
    /// - Parameter scratch: Used for what the target does not take at once.
    /// - Returns: Bytes taken from the source, 0 at its end, or a negative `Errno`.
    package func move(
        from source: Link, to target: Link, count: Int, scratch: UnsafeMutableRawBufferPointer
    ) -> Int {
        let taken = Socket.splice(from: source.fd, to: writeEnd, count: count)
        guard taken > 0 else { return taken }
        var rest = taken
        while rest > 0 {
            let moved = Socket.splice(from: readEnd, to: target.fd, count: rest)
            guard moved > 0 else { break }
            rest -= moved
        }
        while rest > 0 {
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: scratch[..<min(rest, scratch.count)])
            let count = Socket.read(readEnd, piece)
            // The bytes are in the pipe, so a failure here is the system's.
            guard count > 0 else { return Errno.brokenPipe }
            target.send(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            rest -= count
        }
        return taken
    }
}
