// A request as its hooks see it.
import CGateway

/// The request of one exchange. Lent to a hook; cannot be copied, so it cannot be kept.
///
/// Spans that it gives out are valid until it changes, which the compiler checks. [loop]
public struct Request: ~Copyable {
    let pointer: UnsafeMutablePointer<gw_req>

    init(_ pointer: UnsafeMutablePointer<gw_req>) { self.pointer = pointer }

    public var fields: Fields {
        _read { yield Fields(fieldsPointer) }
        _modify {
            var fields = Fields(fieldsPointer)
            yield &fields
        }
    }

    public var method: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.method) }
    }
    /// The `gw_req` itself, for C code that the hook calls; dead when the hook returns.
    public var rawPointer: UnsafeRawPointer { UnsafeRawPointer(pointer) }

    public var methodID: MethodID { MethodID(rawValue: pointer.pointee.method_id) }
    /// The target as it came (RFC 9112 §3.2).
    public var target: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.target) }
    }
    /// Path and query as the next handler sees them.
    public var uri: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.uri) }
    }
    /// The path of `uri`, percent-encoded.
    public var path: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.path) }
    }
    /// The query of `uri` without the question mark; empty when there is none.
    public var query: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.query) }
    }
    /// Host and port as the client named them; may be empty in HTTP/1.0.
    public var host: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.host) }
    }
    public var remoteIP: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.remote_ip) }
    }
    /// Address of the client by the `trusted_proxies` rules.
    public var clientIP: RawSpan {
        @_lifetime(borrow self) get { span(pointer.pointee.client_ip) }
    }

    public var remotePort: UInt16 { pointer.pointee.remote_port }
    public var localPort: UInt16 { pointer.pointee.local_port }
    /// 10, 11, 20 or 30.
    public var version: UInt8 { pointer.pointee.version }
    /// Index of the worker that owns the exchange.
    public var worker: Worker { Worker(index: UInt32(pointer.pointee.worker)) }
    public var isTLS: Bool { hasFlag(GW_REQ_TLS) }
    /// A body follows or may follow.
    public var hasBody: Bool { hasFlag(GW_REQ_BODY) }
    public var isFromTrustedPeer: Bool { hasFlag(GW_REQ_TRUSTED_PEER) }
    public var isRewritten: Bool { hasFlag(GW_REQ_REWRITTEN) }
    /// Bytes; nil when unknown until the end.
    public var bodyLength: UInt64? {
        let length = pointer.pointee.body_length
        return length == UInt64.max ? nil : length
    }
    /// When it began, on the clock of `Clock.monotonic`.
    public var startNanoseconds: UInt64 { pointer.pointee.start_ns }
    /// Unique in the process.
    public var id: UInt64 { pointer.pointee.id }

    private var fieldsPointer: UnsafeMutablePointer<gw_fields> {
        withUnsafeMutablePointer(to: &pointer.pointee.fields) { $0 }
    }

    @_lifetime(borrow self)
    private func span(_ reference: gw_ref) -> RawSpan {
        let span = pointer.pointee.fields.bytes(reference).span
        return _overrideLifetime(span, borrowing: self)
    }

    private func hasFlag(_ flag: UInt32) -> Bool { pointer.pointee.flags & flag != 0 }
}

/// A method by number; `other` for those that the ABI does not number.
public struct MethodID: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let other = MethodID(rawValue: 0)
    public static let get = MethodID(rawValue: 1)
    public static let head = MethodID(rawValue: 2)
    public static let post = MethodID(rawValue: 3)
    public static let put = MethodID(rawValue: 4)
    public static let delete = MethodID(rawValue: 5)
    public static let connect = MethodID(rawValue: 6)
    public static let options = MethodID(rawValue: 7)
    public static let trace = MethodID(rawValue: 8)
    public static let patch = MethodID(rawValue: 9)
}
