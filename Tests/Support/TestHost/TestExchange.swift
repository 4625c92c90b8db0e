// One exchange of the checking host: a request, the response that passes by, the one that is given.
import CGateway

public final class TestExchange {
    let request: UnsafeMutablePointer<gw_req>
    let requestMessage: TestMessage
    private let response: UnsafeMutablePointer<gw_res>
    let responseMessage: TestMessage
    let state: UnsafeMutableRawPointer
    let handler: TestHandler
    var variables: [UInt32: String] = [:]
    /// What placeholders give, by name.
    public var placeholders: [String: String] = [:]
    public internal(set) var body = ""
    public internal(set) var isEnded = false
    public internal(set) var problem: TestProblem?
    public internal(set) var problemStatus: UInt32 = 0
    /// The verdict that a ticket was resumed with.
    public internal(set) var resumed: Int32?

    init(
        _ handler: TestHandler, method: String, uri: String,
        fields: [(name: String, value: String)]
    ) {
        self.handler = handler
        request = .allocate(capacity: 1)
        request.initialize(to: gw_req())
        response = .allocate(capacity: 1)
        response.initialize(to: gw_res())
        state = .allocate(byteCount: max(1, handler.stateSize), alignment: 16)
        state.initializeMemory(as: UInt8.self, repeating: 0, count: max(1, handler.stateSize))
        requestMessage = TestMessage(
            fields: withUnsafeMutablePointer(to: &request.pointee.fields) { $0 }, lines: fields,
            texts: [method, uri])
        responseMessage = TestMessage(
            fields: withUnsafeMutablePointer(to: &response.pointee.fields) { $0 }, lines: [])
        refresh()
    }

    deinit {
        request.deallocate()
        response.deallocate()
        state.deallocate()
    }

    public var method: String {
        get { requestMessage.texts[0] }
        set {
            requestMessage.texts[0] = newValue
            refresh()
        }
    }

    public var uri: String {
        get { requestMessage.texts[1] }
        set {
            requestMessage.texts[1] = newValue
            refresh()
        }
    }

    public var status: UInt16 {
        get { response.pointee.status }
        set { response.pointee.status = newValue }
    }

    /// Bytes; `.max` when unknown until the end.
    public var bodyLength: UInt64 {
        get { request.pointee.body_length }
        set { request.pointee.body_length = newValue }
    }

    public var requestFields: [String] { requestMessage.lines.map { "\($0.name): \($0.value)" } }
    public var responseFields: [String] {
        responseMessage.lines.map { "\($0.name): \($0.value)" }
    }

    /// Takes the references of the request anew; its block has moved.
    func refresh() {
        let references = requestMessage.references
        let uri = references[1]
        let query = self.uri.utf8.firstIndex(of: UInt8(ascii: "?"))
            .map { self.uri.utf8.distance(from: self.uri.utf8.startIndex, to: $0) }
        let length = query ?? Int(uri.len)
        request.pointee.method = references[0]
        request.pointee.target = uri
        request.pointee.uri = uri
        request.pointee.path = gw_ref(off: uri.off, len: UInt32(length))
        request.pointee.query =
            query.map { gw_ref(off: uri.off + UInt32($0) + 1, len: uri.len - UInt32($0) - 1) }
            ?? gw_ref(off: 0, len: 0)
        request.pointee.method_id = method == "GET" ? 1 : method == "POST" ? 3 : 0
    }

    /// Runs the request hook.
    public func runRequest() -> Int32 {
        enter { handler.hooks.on_request?(handler.instance, request, state) ?? GW_NEXT }
    }

    /// Runs the body hook with the whole body.
    public func runBody(_ text: String) -> Int32 {
        var chunk = gw_chunk()
        chunk.data = lasting(text)
        chunk.flags = GW_CHUNK_END
        return enter {
            handler.hooks.on_request_body?(handler.instance, request, state, &chunk) ?? GW_NEXT
        }
    }

    /// Runs the response hook for a response of somebody else.
    public func runResponse(
        _ status: UInt16, fields: [(name: String, value: String)]
    ) -> Int32 {
        self.status = status
        responseMessage.lines = fields
        return enter {
            handler.hooks.on_response?(handler.instance, request, state, response) ?? GW_NEXT
        }
    }

    /// Runs the error hook for an error of somebody behind.
    public func runError(
        _ status: UInt32, _ message: String, _ call: (phase: UInt32, flags: UInt32)
    ) -> Int32 {
        var error = gw_error()
        error.status = status
        error.code = GW_E_UPSTREAM
        error.phase = call.phase
        error.flags = call.flags
        error.message = lasting(message)
        return enter {
            handler.hooks.on_error?(handler.instance, request, state, &error) ?? GW_NEXT
        }
    }

    public func runWritable() {
        _ = enter {
            handler.hooks.on_writable?(handler.instance, request, state)
            return 0
        }
    }

    public func runCancel() {
        _ = enter {
            handler.hooks.on_cancel?(handler.instance, request, state, GW_E_CANCELLED)
            return 0
        }
    }

    public func runComplete() {
        var summary = gw_summary()
        _ = enter {
            handler.hooks.on_complete?(handler.instance, request, state, &summary)
            return 0
        }
    }

    func newResponse(_ status: UInt16) -> UnsafeMutablePointer<gw_res> {
        self.status = status
        responseMessage.lines = []
        return response
    }

    func enter(_ hook: () -> Int32) -> Int32 {
        TestHost.state.exchange = self
        return hook()
    }

    /// The text of a template; unknown placeholders vanish unless they are kept.
    func expand(_ text: String, keepsUnknown: Bool) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let unknown = keepsUnknown ? String(rest[open...close]) : ""
            result += rest[..<open]
            result += placeholders[String(rest[rest.index(after: open)..<close])] ?? unknown
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
