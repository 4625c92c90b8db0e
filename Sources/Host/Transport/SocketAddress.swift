// Where a socket is bound or connected to.
internal import CSystem

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// An IPv4, IPv6 or Unix-domain address.
package struct SocketAddress: @unchecked Sendable {
    var storage = sockaddr_storage()
    var length: UInt32 = 0

    package init() {}

    /// An address literal without brackets ("127.0.0.1", "::1"); nil when it is none.
    package init?(literal: String, port: UInt16) {
        length = gwx_address_parse(literal, port, &storage)
        if length == 0 { return nil }
    }

    /// A path of the file system, nil when it is too long for the system.
    package init?(unixPath: String) {
        length = gwx_address_unix(unixPath, unixPath.utf8.count, &storage)
        if length == 0 { return nil }
    }

    init(storage: sockaddr_storage, length: UInt32) {
        self.storage = storage
        self.length = length
    }

    package var family: Int32 { Int32(storage.ss_family) }
    package var isUnix: Bool { family == AF_UNIX }

    package var port: UInt16 {
        withUnsafePointer(to: storage) { gwx_address_port($0) }
    }

    /// Text form without the port, in bytes written to `out` (at least 64).
    package func writeHost(to out: UnsafeMutablePointer<CChar>) -> Int {
        withUnsafePointer(to: storage) { gwx_address_text($0, out) }
    }

    package var host: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = writeHost(to: base)
            return String(
                decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
        }
    }
}
