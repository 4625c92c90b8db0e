// What hooks are told besides request and response.
import CGateway

/// A piece of a body, borrowed for the hook.
public struct BodyChunk: ~Copyable {
    let pointer: UnsafePointer<gw_chunk>

    public var bytes: Bytes { Bytes(pointer.pointee.data) }
    /// The last piece of this body; it may be empty.
    public var isLast: Bool { pointer.pointee.flags & GW_CHUNK_END != 0 }
}

/// How an exchange, or an upstream call, ended. Borrowed for the hook.
public struct Summary: ~Copyable {
    let pointer: UnsafePointer<gw_summary>

    public var outcome: Outcome { Outcome(rawValue: pointer.pointee.outcome) ?? .failed }
    /// Of the final response; 0 when there was none.
    public var status: UInt32 { pointer.pointee.status }
    public var requestBodyBytes: UInt64 { pointer.pointee.request_bytes }
    public var responseBodyBytes: UInt64 { pointer.pointee.response_bytes }
    public var durationNanoseconds: UInt64 { pointer.pointee.duration_ns }
    /// From start to the response head; 0 when there was none.
    public var firstByteNanoseconds: UInt64 { pointer.pointee.first_byte_ns }
}

public enum Outcome: UInt32, Sendable {
    case complete = 1
    case clientGone = 2
    case upstreamBroke = 3
    case timeout = 4
    case failed = 5
}

/// Why an upstream call ended early. Borrowed for the hook.
public struct UpstreamFailure: ~Copyable {
    let pointer: UnsafePointer<gw_failure>

    /// `timeout`, `upstream`, `limit`, or `denied` for a certificate.
    public var status: Status { Status(code: pointer.pointee.code) }
    public var phase: UpstreamPhase { UpstreamPhase(rawValue: pointer.pointee.phase) ?? .body }
    /// No byte of the request was processed: another upstream may get it.
    public var isRetryable: Bool { pointer.pointee.flags & GW_FAILURE_RETRYABLE != 0 }
    /// The connection had been used before; perhaps it was a stale one.
    public var isOnReusedConnection: Bool { pointer.pointee.flags & GW_FAILURE_REUSED != 0 }
    /// 1 for the first.
    public var attempt: UInt32 { pointer.pointee.attempt }
    public var message: Bytes { Bytes(pointer.pointee.message) }
}

/// Why a request failed before its response began. Borrowed for the hook.
public struct RequestFailure: ~Copyable {
    let pointer: UnsafePointer<gw_error>

    /// That the client gets if nobody saves the request.
    public var httpStatus: UInt16 { UInt16(clamping: pointer.pointee.status) }
    public var status: Status { Status(code: pointer.pointee.code) }
    /// Of the upstream call that failed; nil for other failures.
    public var phase: UpstreamPhase? { UpstreamPhase(rawValue: pointer.pointee.phase) }
    /// No byte of the request was processed by the upstream.
    public var isRetryable: Bool { pointer.pointee.flags & GW_FAILURE_RETRYABLE != 0 }
    public var message: Bytes { Bytes(pointer.pointee.message) }
}

public enum UpstreamPhase: UInt32, Sendable {
    /// Name resolution and TCP.
    case connect = 1
    case tls = 2
    /// While the request was written.
    case send = 3
    /// Before the response head was whole.
    case head = 4
    /// After it; the client already has a part.
    case body = 5
}
