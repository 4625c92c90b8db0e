// A listening socket of the test process.
import Glibc

@testable import LLMResolverParts

final class LocalListener {
    struct Problem: Error {
        let call: String
        let code = errno
    }

    let descriptor: Int32
    let port: UInt16

    /// - Parameter port: 0 takes a free one.
    init(_ address: String, port: UInt16 = 0) throws {
        let isV4 = !address.contains(":")
        let descriptor = socket(isV4 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var storage = sockaddr_storage()
        let size = socklen_t(
            isV4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &storage) { storage in
            if isV4 {
                storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    $0.pointee.sin_family = sa_family_t(AF_INET)
                    $0.pointee.sin_port = port.bigEndian
                    inet_pton(AF_INET, address, &$0.pointee.sin_addr)
                }
            } else {
                storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    $0.pointee.sin6_family = sa_family_t(AF_INET6)
                    $0.pointee.sin6_port = port.bigEndian
                    inet_pton(AF_INET6, address, &$0.pointee.sin6_addr)
                }
            }
            return storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size)
            }
        }
        guard code == 0, listen(descriptor, 16) == 0 else { throw Problem(call: "bind") }
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        // The port is at the same place in both families.
        self.port = withUnsafeBytes(of: &name) {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }

    deinit { close(descriptor) }
}
