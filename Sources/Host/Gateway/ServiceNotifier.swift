import Base
private import CSystem

// Tells a service manager how the process fares: datagrams to `NOTIFY_SOCKET` (sd_notify(3)).
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Does nothing when there is no service manager; nothing depends on its answers.
struct ServiceNotifier {
    private let path = Environment.value("NOTIFY_SOCKET")

    func ready() { send("READY=1") }
    func stopping() { send("STOPPING=1") }

    func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.monotonic / 1000)")
    }

    private func send(_ text: String) {
        guard let path, !path.isEmpty else { return }
        var address = sockaddr_storage()
        // A leading @ stands for the abstract namespace, where the name begins with a NUL byte.
        var name = Array(path.utf8.map { CChar(bitPattern: $0) })
        if path.hasPrefix("@") { name[0] = 0 }
        var length = gwx_address_unix(name, name.count, &address)
        guard length > 0 else { return }
        // Abstract names have no NUL byte at their end.
        if path.hasPrefix("@") { length -= 1 }
        let descriptor = Self.openSocket()
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        withUnsafePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, text, text.utf8.count, 0, address, length)
            }
        }
    }

    private static func openSocket() -> Int32 {
        #if os(macOS)
        socket(AF_UNIX, SOCK_DGRAM, 0)
        #else
        socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        #endif
    }
}
