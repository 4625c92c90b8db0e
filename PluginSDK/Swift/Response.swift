// Responses: the one that passes by in a hook, and the one that a handler gives itself.
import CGateway

/// The head of a response. Lent to a hook; cannot be copied, so it cannot be kept. [loop]
public struct Response: ~Copyable {
    let pointer: UnsafeMutablePointer<gw_res>

    init(_ pointer: UnsafeMutablePointer<gw_res>) { self.pointer = pointer }

    /// Can be changed in `onUpstreamHead`, to a status that has a body as well.
    public var status: UInt16 {
        get { pointer.pointee.status }
        set { pointer.pointee.status = newValue }
    }

    public var fields: Fields {
        _read { yield Fields(fieldsPointer) }
        _modify {
            var fields = Fields(fieldsPointer)
            yield &fields
        }
    }

    /// No body follows, whatever the fields say (HEAD, 204, 304).
    public var hasNoBody: Bool { pointer.pointee.flags & GW_RES_BODY_NONE != 0 }

    /// Bytes; nil when unknown until the end.
    public var bodyLength: UInt64? {
        let length = pointer.pointee.body_length
        return length == UInt64.max ? nil : length
    }

    private var fieldsPointer: UnsafeMutablePointer<gw_fields> {
        withUnsafeMutablePointer(to: &pointer.pointee.fields) { $0 }
    }
}

/// How a piece of a body is written.
public struct WriteOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The body ends with this piece.
    public static let end = WriteOptions(rawValue: GW_WRITE_END)
    /// Send now: a server-sent event ends here, for instance.
    public static let flush = WriteOptions(rawValue: GW_WRITE_FLUSH)
}

extension Request {
    /// The response that this handler will give, empty but for the status. Set its fields, then
    /// call `respond` or `start`. Dead when the hook returns.
    public mutating func response(status: UInt16) throws(Status) -> Response {
        guard let response = Host.http.pointee.response(pointer, status) else { throw .limit }
        return Response(response)
    }

    /// Sends the response with a whole body, which is copied.
    public mutating func respond(_ body: Bytes = "") throws(Status) -> Verdict {
        try Status.check(Host.http.pointee.respond(pointer, body.view))
        return .respond
    }

    /// Answers at once with a status, a content type and a whole body.
    public mutating func respond(
        status: UInt16, contentType: Bytes, _ body: Bytes
    ) throws(Status) -> Verdict {
        var response = try response(status: status)
        try response.fields.set(.contentType, contentType)
        return try respond(body)
    }

    /// Sends the head of the response; body pieces follow by `write`.
    public mutating func start() throws(Status) -> Verdict {
        try Status.check(Host.http.pointee.start(pointer))
        return .respond
    }

    /// Sends a piece of the body.
    ///
    /// - Returns: `ok`, or `again`: taken, and wait for `onWritable` before the next.
    /// - Throws: `cancelled` when the exchange is over.
    @discardableResult
    public mutating func write(
        _ piece: Bytes, _ options: WriteOptions = []
    ) throws(Status) -> Status {
        try Status.check(Host.http.pointee.write(pointer, piece.view, options.rawValue))
    }

    /// Breaks the response off so that the client can tell.
    public mutating func abort() {
        Host.http.pointee.abort(pointer)
    }

    /// Inserts bytes into a body before the current piece. Only inside body hooks, in their
    /// direction.
    public mutating func emit(_ bytes: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.emit(pointer, bytes.view))
    }

    /// Sends the upstream's response that `onUpstreamHead` parked by entering routes.
    public mutating func copyResponse(fieldsOnly: Bool = false) throws(Status) -> Verdict {
        try Status.check(Host.http.pointee.copy_response(pointer, fieldsOnly ? 1 : 0))
        return .respond
    }
}
