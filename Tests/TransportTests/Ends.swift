// A pair of connected sockets: one for what is tested, one for the test.
import Foundation
import Testing

@testable import Transport

/// Both ends are closed with it, unless somebody took the near one.
final class Ends {
    private(set) var near: Int32
    private var far: Int32

    /// - Parameter bufferBytes: Send buffer of the near end, so that writes are partial.
    init(bufferBytes: Int32? = nil) throws {
        var pair: [Int32] = [-1, -1]
        #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
        #else
        let stream = SOCK_STREAM
        #endif
        try #require(socketpair(AF_UNIX, stream, 0, &pair) == 0)
        (near, far) = (pair[0], pair[1])
        for end in pair { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        if var size = bufferBytes {
            setsockopt(near, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    deinit {
        if near >= 0 { close(near) }
        if far >= 0 { close(far) }
    }

    /// Hands the near end over.
    func takeNear() throws -> Int32 {
        try #require(near >= 0)
        defer { near = -1 }
        return near
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Foundation.write(far, bytes, bytes.count) == bytes.count)
    }

    /// What has come to the far end so far.
    func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = Foundation.read(far, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : []
    }

    func shutdownFar() { #expect(shutdown(far, Int32(SHUT_WR)) == 0) }

    func closeFar() {
        close(far)
        far = -1
    }
}
