// HTTP calls of a plugin's own: probes, subrequests, model endpoints.
import CGateway

/// A call to an upstream.
public struct ClientCall: Sendable {
    public var pool: Pool
    public var method = "GET"
    /// Path and query.
    public var uri: String
    /// Empty: what the pool dials.
    public var host = ""
    public var fields: [(name: String, value: String)] = []
    public var body: [UInt8] = []
    /// For the whole call; 0: the host's default.
    public var timeoutNanoseconds: UInt64 = 0
    /// Of the response; above it the call ends with `limit`; 0: the host's default.
    public var bodyBytesMax: UInt64 = 0

    public init(pool: Pool, uri: String) {
        self.pool = pool
        self.uri = uri
    }
}

/// Who hears what becomes of a call, on the worker that made it, never before `start` returned.
public protocol ClientCallDelegate: AnyObject {
    /// The head of the response, borrowed.
    func onHead(_ response: inout Response)
    /// A piece of the body, borrowed.
    func onBody(_ piece: Bytes)
    /// Once, last. `ok` when the response was whole; else the message says why.
    func onEnd(_ status: Status, _ message: Bytes)
}

extension ClientCallDelegate {
    public func onHead(_ response: inout Response) {}
    public func onBody(_ piece: Bytes) {}
}

/// A call under way.
public struct RunningCall {
    let ticket: gw_ticket
    private let delegate: Unmanaged<Box<any ClientCallDelegate>>

    /// Gives the call up; `onEnd` is not called any more. [loop]
    public func cancel() {
        guard let client = Host.client else { return }
        if client.pointee.cancel(ticket) == GW_OK { delegate.release() }
    }

    init(ticket: gw_ticket, delegate: Unmanaged<Box<any ClientCallDelegate>>) {
        self.ticket = ticket
        self.delegate = delegate
    }
}

extension Scope {
    /// Starts a call on the calling worker; it ends with this scope at the latest. The delegate is
    /// kept until `onEnd` or `cancel`. [loop]
    @discardableResult
    public func start(
        _ call: ClientCall, delegate: any ClientCallDelegate
    ) throws(Status) -> RunningCall {
        guard let client = Host.client else { throw .unsupported }
        let box = Unmanaged.passRetained(Box(delegate))
        var texts = TextArena()
        let fields = call.fields.map {
            gw_client_field(name: texts.view($0.name), value: texts.view($0.value))
        }
        var ticket: gw_ticket = 0
        var code: gw_status = GW_OK
        fields.withUnsafeBufferPointer { fields in
            var raw = call.raw(&texts)
            raw.fields = fields.baseAddress
            raw.field_count = fields.count
            var hooks = ClientCall.hooks
            code = client.pointee.call(pointer, &raw, &hooks, box.toOpaque(), &ticket)
        }
        texts.free()
        if code < 0 { box.release() }
        try Status.check(code)
        return RunningCall(ticket: ticket, delegate: box)
    }
}

extension ClientCall {
    fileprivate func raw(_ texts: inout TextArena) -> gw_client_call {
        var raw = gw_client_call()
        raw.struct_size = UInt32(MemoryLayout<gw_client_call>.size)
        raw.pool = pool.rawValue
        raw.method = texts.view(method)
        raw.uri = texts.view(uri)
        raw.host = texts.view(host)
        raw.body = texts.view(body)
        raw.timeout_ns = timeoutNanoseconds
        raw.body_bytes_max = bodyBytesMax
        return raw
    }

    fileprivate static var hooks: gw_client_ops {
        gw_client_ops(
            struct_size: UInt32(MemoryLayout<gw_client_ops>.size), rev: 0,
            on_head: { context, response in
                var response = Response(UnsafeMutablePointer(mutating: response))
                box(context).takeUnretainedValue().value.onHead(&response)
            },
            on_body: { context, piece in
                box(context).takeUnretainedValue().value.onBody(Bytes(piece))
            },
            on_end: { context, status, message in
                let delegate = box(context).takeRetainedValue().value
                delegate.onEnd(Status(code: status), Bytes(message))
            })
    }
}

private func box(_ context: UnsafeMutableRawPointer?) -> Unmanaged<Box<any ClientCallDelegate>> {
    .fromOpaque(context.unsafelyUnwrapped)
}
