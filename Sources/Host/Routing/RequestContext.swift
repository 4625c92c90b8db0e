// What one exchange carries along its way through the routes, beside the request itself.
package import Base
package import CGateway

/// The view that matchers and templates have of an exchange.
///
/// Owned and filled by the server, recycled between exchanges, used on its worker only. Nothing
/// here allocates once the tables have grown to the size that the configuration needs.
package final class RequestContext {
    /// Never nil: between exchanges a blank request stands in.
    package var req: UnsafeMutablePointer<gw_req>
    /// The response on its way to the client, once there is one.
    package var response: UnsafeMutablePointer<gw_res>?
    /// The response that an upstream gave, while it is of interest.
    package var upstreamResponse: UnsafeMutablePointer<gw_res>?
    package let arena: Arena

    package var tls = TLSInfo()
    package var upstream = UpstreamInfo()
    package var error = ErrorInfo()
    /// Text of the local address without its port; the port is in `req`. Outlives the exchange.
    package var localHost = Bytes.empty
    /// Of the request, in text form; empty until the server makes one.
    package var uuid = Bytes.empty
    /// Coarse monotonic time, same base as `req.start_ns`.
    package var nowNanoseconds: UInt64 = 0
    /// Coarse wall clock, nanoseconds since 1970.
    package var wallNanoseconds: Int64 = 0
    package var isShuttingDown = false
    /// Why a plugin's matcher or placeholder failed last; `GW_OK` after it was dealt with.
    package var refusal: gw_status = 0

    package internal(set) var cursor = RouteCursor()
    var pathCache = PathCache()
    private(set) var originals = OriginalRequest()
    private var hasOriginals = false

    private let blank: UnsafeMutablePointer<gw_req>
    private var slots: UnsafeMutableBufferPointer<Bytes>
    private var captures: UnsafeMutableBufferPointer<CaptureSet>
    private var groups: UnsafeMutableBufferPointer<UInt64>

    package init(arena: Arena) {
        self.arena = arena
        blank = .allocate(capacity: 1)
        blank.initialize(to: gw_req())
        req = blank
        slots = .init(start: nil, count: 0)
        captures = .init(start: nil, count: 0)
        groups = .init(start: nil, count: 0)
    }

    deinit {
        cursor.deallocate()
        blank.deallocate()
        slots.deallocate()
        captures.deallocate()
        groups.deallocate()
    }

    /// Begins an exchange. `names` of the generation that it runs on.
    package func begin(_ req: UnsafeMutablePointer<gw_req>, names: NameTable) {
        self.req = req
        grow(&slots, to: names.slotCount, fill: .empty)
        grow(&captures, to: names.captureCount, fill: CaptureSet())
        grow(&groups, to: (names.groupCount + 63) / 64, fill: 0)
    }

    /// Ends an exchange: forgets everything that pointed into its memory. The arena is reset by
    /// its owner.
    package func reset() {
        req = blank
        response = nil
        upstreamResponse = nil
        tls = TLSInfo()
        upstream = UpstreamInfo()
        error = ErrorInfo()
        localHost = .empty
        uuid = .empty
        isShuttingDown = false
        refusal = GW_OK
        cursor.reset()
        pathCache = PathCache()
        hasOriginals = false
        originals = OriginalRequest()
        slots.update(repeating: .empty)
        captures.update(repeating: CaptureSet())
        groups.update(repeating: 0)
    }
}

extension RequestContext {
    /// Bytes of the request that a reference means, valid until the request is changed.
    @inline(__always)
    package func view(_ ref: gw_ref) -> Bytes {
        guard let base = req.pointee.fields.base else { return .empty }
        return Bytes(start: base + Int(ref.off), count: Int(ref.len))
    }

    /// The host without its port and brackets.
    package var host: Bytes { splitHostPort(view(req.pointee.host)).host }

    // MARK: Variables and placeholders

    /// The value of a slot, nil when it was not set.
    package func value(ofSlot slot: UInt32) -> Bytes? {
        guard slot < slots.count else { return nil }
        let value = slots[Int(slot)]
        return value.baseAddress == nil ? nil : value
    }

    /// Keeps a copy of `value` under a slot. False when the arena is full.
    package func set(slot: UInt32, to value: Bytes) -> Bool {
        guard slot < slots.count, let copy = arena.copy(value) else { return false }
        slots[Int(slot)] = copy
        return true
    }

    /// Sets what a placeholder gives. Names that no template, matcher or plugin knows are dropped:
    /// nobody could read them. False when the arena is full.
    package func setPlaceholder(_ name: Bytes, to value: Bytes, names: NameTable) -> Bool {
        if let slot = names.slot(name) { return set(slot: slot, to: value) }
        guard let kept = arena.copy(value) else { return false }
        upstream.set(name, to: kept)
        return true
    }

    /// Whom the request was authenticated as; nil before that.
    package var userID: Bytes? { value(ofSlot: NameRegistry.userIDSlot) }

    // MARK: Rewrites

    /// Called by whoever is about to change method or uri; keeps what they were at first.
    /// False when the arena is full.
    package func rememberOriginals() -> Bool {
        if hasOriginals { return true }
        guard let method = arena.copy(view(req.pointee.method)),
            let uri = arena.copy(view(req.pointee.uri))
        else { return false }
        originals = OriginalRequest(method: method, uri: uri)
        hasOriginals = true
        return true
    }

    /// Called after the uri was changed.
    package func uriChanged() {
        pathCache = PathCache()
    }

    package var originalMethod: Bytes {
        hasOriginals ? originals.method : view(req.pointee.method)
    }
    package var originalURI: Bytes { hasOriginals ? originals.uri : view(req.pointee.uri) }
    /// Percent-encoded, as it came.
    package var originalPath: Bytes {
        let uri = originalURI
        return uri.slice(0, uri.firstOffset(of: 0x3f) ?? uri.count)
    }
    package var originalQuery: Bytes {
        let uri = originalURI
        guard let mark = uri.firstOffset(of: 0x3f) else { return .empty }
        return uri.slice(mark + 1, uri.count)
    }

    // MARK: Groups and captures

    /// Marks a group as used up. False when it was already.
    func takeGroup(_ group: Int) -> Bool {
        let word = group / 64
        precondition(word < groups.count, "exchange began with names older than its routes")
        let bit: UInt64 = 1 << UInt64(group % 64)
        defer { groups[word] |= bit }
        return groups[word] & bit == 0
    }

    func forgetGroups() {
        groups.update(repeating: 0)
    }

    func setCaptures(_ set: CaptureSet, of capture: UInt32) {
        if capture < captures.count { captures[Int(capture)] = set }
        if !captures.isEmpty { captures[0] = set }
    }

    func captures(of capture: UInt32) -> CaptureSet {
        capture < captures.count ? captures[Int(capture)] : CaptureSet()
    }

    private func grow<Element>(
        _ table: inout UnsafeMutableBufferPointer<Element>, to count: Int, fill: Element
    ) {
        guard table.count < count else { return }
        table.deallocate()
        table = .allocate(capacity: count)
        table.initialize(repeating: fill)
    }
}

/// Method and uri before the first rewrite; copies in the arena.
struct OriginalRequest {
    var method = Bytes.empty
    var uri = Bytes.empty
}

/// State of the client's TLS connection. Views outlive the exchange; empty without TLS.
package struct TLSInfo {
    /// Such as `tls1.3`.
    package var version = Bytes.empty
    package var cipherSuite = Bytes.empty
    package var serverName = Bytes.empty
    /// As negotiated by ALPN.
    package var proto = Bytes.empty
    package var isResumed = false

    package init() {}
}

/// The upstream that was chosen last. Views live as long as the exchange.
package struct UpstreamInfo {
    package var address = Bytes.empty
    package var hostport = Bytes.empty
    package var host = Bytes.empty
    package var port = Bytes.empty
    /// From the start of the call to the response head.
    package var latencyNanoseconds: UInt64 = 0
    /// From the start of the call to its end.
    package var durationNanoseconds: UInt64 = 0
    /// 0 before there is a response head.
    package var status: UInt16 = 0
    package var retries: UInt32 = 0

    package init() {}

    /// Takes what a proxy says of its choice before the call begins, for fields that name it.
    fileprivate mutating func set(_ name: Bytes, to value: Bytes) {
        if name.equals("http.reverse_proxy.upstream.address") { address = value }
        if name.equals("http.reverse_proxy.upstream.hostport") { hostport = value }
        if name.equals("http.reverse_proxy.upstream.host") { host = value }
        if name.equals("http.reverse_proxy.upstream.port") { port = value }
    }
}

extension Bytes {
    fileprivate func equals(_ text: StaticString) -> Bool { isEqual(staticBytes(text)) }
}

/// The error that the error routes deal with.
package struct ErrorInfo {
    /// 0 when there is none.
    package var status: UInt16 = 0
    /// A copy in the arena.
    package var message = Bytes.empty
    /// Stands in the log too; empty when the server makes none.
    package var id = Bytes.empty

    package init() {}
}

/// Where the groups of a regular expression matched. Everything in it lives in the arena, but for
/// the expression, which the generation keeps.
struct CaptureSet {
    var text = Bytes.empty
    var groups: UnsafeMutablePointer<gw_ref>?
    var count = 0
    var regex: Unmanaged<CompiledRegex>?

    /// The text of a group, nil when there is no such group or it took no part.
    func group(_ index: Int) -> Bytes? {
        guard index >= 0, index < count, let groups else { return nil }
        let ref = groups[index]
        guard ref.off != .max else { return nil }
        return text.slice(Int(ref.off), Int(ref.off) + Int(ref.len))
    }

    func group(named name: Bytes) -> Bytes? {
        guard let index = regex?._withUnsafeGuaranteedRef({ $0.groupIndex(name) }) else {
            return nil
        }
        return group(index)
    }
}

/// Splits `host:port`, `[v6]:port`, `host` and bare IPv6 addresses. Brackets are dropped.
package func splitHostPort(_ text: Bytes) -> (host: Bytes, port: Bytes) {
    if text.count > 0, text[0] == 0x5b, let close = text.firstOffset(of: 0x5d) {
        let hasPort = close + 1 < text.count && text[close + 1] == 0x3a
        return (text.slice(1, close), hasPort ? text.slice(close + 2, text.count) : .empty)
    }
    guard let colon = text.lastOffset(of: 0x3a), text.firstOffset(of: 0x3a) == colon else {
        return (text, .empty)
    }
    return (text.slice(0, colon), text.slice(colon + 1, text.count))
}
