// What a pool of upstream connections connects to, shared by all workers.
import Base
package import Synchronization
import Transport

/// Where an upstream is: the part of a dial string that names a socket.
package enum DialTarget: Hashable, Sendable {
    case host(String, port: UInt16)
    case unix(String)

    /// Reads "host:port", "[v6]:port" or "unix/path" (also "unix//path").
    package init?(_ text: String) {
        if text.hasPrefix("unix/") {
            guard text.utf8.count > 5 else { return nil }
            self = .unix(String(text.dropFirst(5)))
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let name = host.isEmpty ? "localhost" : String(host)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }) else {
            return nil
        }
        self = .host(name, port: port)
    }
}

/// Everything that makes two pools different. Times in nanoseconds, `.max` is none.
package struct UpstreamSpec: Hashable, Sendable {
    package struct TLS: Hashable, Sendable {
        package var serverName: String
        package var authorityFiles: [String] = []
        package var isInsecure = false
        package var certificateFile = ""
        package var keyFile = ""
        /// Of what the files say: other contents are another upstream.
        package var filesDigest = 0
    }

    package var dial: String
    package var target: DialTarget
    package var tls: TLS?
    package var mayReuse = true
    package var idleMax = Limits.idleUpstreamConnectionsMax
    package var connectTimeout = Limits.connectTimeout
    package var headTimeout = UInt64.max
    package var readTimeout = UInt64.max
    package var writeTimeout = Limits.writeIdleTimeout
    package var idleTimeout = Limits.idleUpstreamTimeout
    package var headBytesMax = Limits.responseHeadBytesMax
}

/// An upstream as all workers know it. Connections belong to workers (`WorkerPool`).
package final class UpstreamPool: @unchecked Sendable {
    /// The handle that plugins get: the slot in `UpstreamPools`, and which pool of that slot.
    package let id: UInt32
    package let spec: UpstreamSpec
    package let tls: UpstreamTLS?
    /// What Host says when a call is to name the upstream itself.
    package let hostText: [UInt8]
    /// Calls under way, and connections kept, on all workers.
    package let active = Atomic<Int>(0)
    package let idle = Atomic<Int>(0)
    /// Wanted again since it was made, or since the search for one to evict came by: those that
    /// are used once only do not drive out those that are used much.
    let isWanted = Atomic<Bool>(false)
    /// Nobody finds it any more; calls that have it already still end on it.
    let isClosed = Atomic<Bool>(false)
    /// Scopes that opened it. Guarded by the lock of `UpstreamPools`.
    private var users = 0

    /// Texts for placeholders, as long as the pool: an exchange holds those that it used.
    let dialText: UnsafeRawBufferPointer
    let hostOnly: UnsafeRawBufferPointer
    let portText: UnsafeRawBufferPointer

    init(id: UInt32, spec: UpstreamSpec, tls: UpstreamTLS?) {
        self.id = id
        self.spec = spec
        self.tls = tls
        hostText = Array(Self.hostText(spec).utf8)
        dialText = Self.copy(spec.dial)
        switch spec.target {
        case .unix(let path):
            hostOnly = Self.copy(path)
            portText = Self.copy("")
        case .host(let host, let port):
            hostOnly = Self.copy(host)
            portText = Self.copy(String(port))
        }
    }

    deinit {
        dialText.deallocate()
        hostOnly.deallocate()
        portText.deallocate()
    }

    /// Index in the tables of pools.
    var slot: Int { Self.slot(of: id) }

    static func slot(of id: UInt32) -> Int { Int(id & 0xFFFF) }

    /// A call that comes while another pool is being evicted finds this one still there.
    func noteWanted() {
        if !isWanted.load(ordering: .relaxed) { isWanted.store(true, ordering: .relaxed) }
    }

    private static func copy(_ text: String) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: text.utf8.count, alignment: 1)
        memory.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(memory)
    }

    private static func hostText(_ spec: UpstreamSpec) -> String {
        switch spec.target {
        case .unix: "localhost"
        case .host(let host, let port):
            // A default port is left out (RFC 9110 §7.2).
            port == (spec.tls == nil ? 80 : 443)
                ? (host.contains(":") ? "[\(host)]" : host) : spec.dial
        }
    }
}

extension UpstreamPool {
    /// Whether it can go: no configuration opened it, no call is under way. Under the lock.
    var isEvictable: Bool { users == 0 && active.load(ordering: .relaxed) == 0 }

    func noteOpened() -> Bool {
        users += 1
        return users == 1
    }

    /// - Returns: Whether that was the last scope.
    func noteReleased() -> Bool {
        users -= 1
        return users == 0
    }
}
