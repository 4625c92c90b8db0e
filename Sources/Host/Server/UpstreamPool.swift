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
    package let id: UInt32
    package let spec: UpstreamSpec
    package let tls: UpstreamTLS?
    /// What Host says when a call is to name the upstream itself.
    package let hostText: [UInt8]
    /// Calls under way, and connections kept, on all workers.
    package let active = Atomic<Int>(0)
    package let idle = Atomic<Int>(0)

    /// Texts for placeholders, as long as the process.
    let dialText: UnsafeRawBufferPointer
    let hostOnly: UnsafeRawBufferPointer
    let portText: UnsafeRawBufferPointer

    init(id: UInt32, spec: UpstreamSpec, tls: UpstreamTLS?) {
        self.id = id
        self.spec = spec
        self.tls = tls
        hostText = Array(Self.hostText(spec).utf8)
        dialText = Self.permanent(spec.dial)
        switch spec.target {
        case .unix(let path):
            hostOnly = Self.permanent(path)
            portText = Self.permanent("")
        case .host(let host, let port):
            hostOnly = Self.permanent(host)
            portText = Self.permanent(String(port))
        }
    }

    /// Pools are never freed, so their texts are not either.
    private static func permanent(_ text: String) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, text.utf8.count), alignment: 1)
        memory.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(rebasing: memory[..<text.utf8.count])
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

/// All pools of the process by id; equal specs share one.
///
/// Control threads and, for upstreams that only requests name, workers add to it; entries live as
/// long as the process, bounded by `Limits.dynamicPoolsMax` beyond the configured ones.
package final class UpstreamPools: Sendable {
    private struct State {
        var bySpec: [UpstreamSpec: UpstreamPool] = [:]
        var all: [UpstreamPool] = []
        var dynamicCount = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The pool for a spec, made when there is none yet. [control thread]
    package func open(_ spec: UpstreamSpec) throws -> UpstreamPool {
        if let known = state.withLock({ $0.bySpec[spec] }) { return known }
        let tls = try spec.tls.map { try UpstreamTLS($0) }
        return state.withLock { Self.add(spec, tls, &$0) }
    }

    /// A pool like another that dials elsewhere; nil when there are too many. [any thread]
    package func open(like pool: UpstreamPool, dial: String, target: DialTarget) -> UpstreamPool? {
        var spec = pool.spec
        spec.dial = dial
        spec.target = target
        if case .host(let host, _) = target, pool.spec.tls != nil,
            case .host(let oldHost, _) = pool.spec.target, pool.spec.tls?.serverName == oldHost
        {
            spec.tls?.serverName = host
        }
        var tls = pool.tls
        if let known = tls, let name = spec.tls?.serverName, name != pool.spec.tls?.serverName {
            guard let renamed = try? UpstreamTLS(like: known, serverName: name) else { return nil }
            tls = renamed
        }
        return state.withLock { state in
            if let known = state.bySpec[spec] { return known }
            guard state.dynamicCount < Limits.dynamicPoolsMax else { return nil }
            state.dynamicCount += 1
            return Self.add(spec, tls, &state)
        }
    }

    private static func add(_ spec: UpstreamSpec, _ tls: UpstreamTLS?, _ state: inout State)
        -> UpstreamPool
    {
        if let known = state.bySpec[spec] { return known }
        let pool = UpstreamPool(id: UInt32(state.all.count + 1), spec: spec, tls: tls)
        state.all.append(pool)
        state.bySpec[spec] = pool
        return pool
    }

    /// The pool with an id that `gw.upstream` gave out. [any thread]
    package func pool(_ id: UInt32) -> UpstreamPool? {
        state.withLock { state in
            id >= 1 && Int(id) <= state.all.count ? state.all[Int(id) - 1] : nil
        }
    }
}
