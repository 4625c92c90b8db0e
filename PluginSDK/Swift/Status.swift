// What a host call answers when it does not do what it was asked, and what a hook wants to happen.
import CGateway

/// A result code of the ABI. Thrown when it is negative.
public struct Status: Error, Equatable, Sendable, BitwiseCopyable {
    public let code: Int32

    public init(code: Int32) { self.code = code }

    public static let ok = Status(code: GW_OK)
    /// Taken, but wait for the matching hook before the next.
    public static let again = Status(code: GW_AGAIN)
    public static let invalid = Status(code: GW_E_INVALID)
    public static let stale = Status(code: GW_E_STALE)
    public static let gone = Status(code: GW_E_GONE)
    public static let limit = Status(code: GW_E_LIMIT)
    public static let timeout = Status(code: GW_E_TIMEOUT)
    public static let cancelled = Status(code: GW_E_CANCELLED)
    public static let denied = Status(code: GW_E_DENIED)
    public static let config = Status(code: GW_E_CONFIG)
    public static let upstream = Status(code: GW_E_UPSTREAM)
    public static let unsupported = Status(code: GW_E_UNSUPPORTED)
    public static let notFound = Status(code: GW_E_NOT_FOUND)
    public static let `internal` = Status(code: GW_E_INTERNAL)

    public var isFailure: Bool { code < 0 }

    /// Throws a negative code; `ok` and `again` pass.
    @discardableResult
    static func check(_ code: gw_status) throws(Status) -> Status {
        let status = Status(code: code)
        guard !status.isFailure else { throw status }
        return status
    }
}

/// What a hook wants to happen next (gateway/handler.h lists which hook may answer which).
public struct Verdict: Equatable, Sendable, BitwiseCopyable {
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// Pass on, and call me again in this direction.
    public static let next = Verdict(code: GW_NEXT)
    /// Pass on, and do not call me again in this direction.
    public static let leave = Verdict(code: GW_LEAVE)
    /// Keep the head back, and give me the body first.
    public static let hold = Verdict(code: GW_HOLD)
    /// Give me the whole body in one `onRequestBody`.
    public static let collect = Verdict(code: GW_COLLECT)
    /// These bytes are mine, forward nothing of them.
    public static let take = Verdict(code: GW_TAKE)
    /// Stop here until the ticket of `Request.wait` is resumed.
    public static let wait = Verdict(code: GW_WAIT)
    /// I answer: `Request.respond` was called, or will be.
    public static let respond = Verdict(code: GW_RESPOND)
    /// The host pumps the upstream call that I attached.
    public static let splice = Verdict(code: GW_SPLICE)
    /// Start over at the first route.
    public static let reroute = Verdict(code: GW_REROUTE)
    /// Run the routes that I chose, then go on.
    public static let routes = Verdict(code: GW_ROUTES)
    /// Close the connection without an answer.
    public static let abort = Verdict(code: GW_ABORT)

    /// The error routes run, with the status and message of `Request.fail` if it was called.
    public static func failure(_ status: Status) -> Verdict { Verdict(code: status.code) }
}
