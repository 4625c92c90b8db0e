// One HTTP call of a plugin's own.
import Base
import CGateway
import HTTP
import Loader
import Transport

/// A call from start to `on_end`. The worker keeps it; the plugin knows it by its ticket.
final class ClientCall: UpstreamConsumer {
    private unowned(unsafe) let worker: Worker
    private let pool: UpstreamPool
    private let ops: gw_client_ops
    private let context: UnsafeMutableRawPointer?
    private let block = MessageBlock()
    private let requestBlock = MessageBlock()
    private let res: UnsafeMutablePointer<gw_res>
    private let fields: UnsafeMutablePointer<gw_fields>
    private let method: [UInt8]
    private let uri: [UInt8]
    private let host: [UInt8]
    private var body = ByteQueue()
    private let timeout: UInt64
    private let bodyBytesMax: UInt64
    private var received: UInt64 = 0
    private var stream: UpstreamStream?
    private let timer: TimerWheel.Node
    private(set) var isOver = false
    var ticket: UInt64 = 0
    /// The scope that the call belongs to.
    var owner: ObjectIdentifier?

    /// Nil when method, uri or a field is malformed.
    init?(
        worker: Worker, pool: UpstreamPool, _ call: gw_client_call, _ ops: gw_client_ops,
        _ context: UnsafeMutableRawPointer?
    ) {
        self.worker = worker
        self.pool = pool
        self.ops = ops
        self.context = context
        method = Array(call.method.buffer)
        uri = Array(call.uri.buffer)
        host = call.host.len > 0 ? Array(call.host.buffer) : pool.hostText
        timeout = call.timeout_ns > 0 ? call.timeout_ns : Limits.clientCallTimeout
        bodyBytesMax =
            call.body_bytes_max > 0 ? call.body_bytes_max : UInt64(Limits.clientBodyBytesMax)
        res = .allocate(capacity: 1)
        res.initialize(to: gw_res())
        fields = .allocate(capacity: 1)
        fields.initialize(to: gw_fields())
        timer = .allocate(capacity: 1)
        super.init()
        timer.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<ClientCall>.fromOpaque(context).takeUnretainedValue().timedOut()
            })
        guard RequestText.isMethod(call.method.bytes), RequestText.isURI(call.uri.bytes),
            prepare(call)
        else { return nil }
    }

    deinit {
        timer.deallocate()
        res.deallocate()
        fields.deallocate()
    }

    private func prepare(_ call: gw_client_call) -> Bool {
        do throws(FieldError) {
            try requestBlock.register(fields)
            for index in 0..<(call.fields == nil ? 0 : call.field_count) {
                guard let field = call.fields?[index] else { break }
                try FieldSection.addNamed(
                    fields, name: field.name.buffer, value: field.value.buffer)
            }
        } catch {
            return false
        }
        body.append(call.body.bytes)
        return true
    }

    func start() {
        worker.loop.arm(timer, deadline: worker.loop.now &+ min(timeout, UInt64.max / 4))
        let call = worker.pool(pool).call(self, needsFresh: false)
        if !isOver, stream == nil { stream = call }
    }

    /// Ends the call without a word to the plugin.
    func cancel() {
        guard !isOver else { return }
        isOver = true
        worker.loop.cancel(timer)
        let stream = self.stream
        self.stream = nil
        stream?.cancel()
    }

    private func end(_ status: gw_status, _ message: String) {
        guard !isOver else { return }
        cancel()
        worker.forget(self)
        var message = message
        message.withUTF8 { ops.on_end(context, status, gw_view(UnsafeRawBufferPointer($0))) }
    }

    private func timedOut() { end(GW_E_TIMEOUT, "the call took too long") }

    // MARK: UpstreamConsumer

    override func upstreamReady(_ stream: UpstreamStream) {
        self.stream = stream
        let framing: RequestFraming =
            body.isEmpty && method != Array("POST".utf8) ? .none : .length(UInt64(body.count))
        let size = method.withUnsafeBufferPointer { method in
            uri.withUnsafeBufferPointer { uri in
                host.withUnsafeBufferPointer { host in
                    let writer = RequestHeadWriter(
                        method: method, target: uri, host: host,
                        framing: framing == .none ? .none : .length(UInt64(body.count)),
                        connection: pool.spec.mayReuse ? .none : .close)
                    return writer.write(
                        fields, to: worker.writeBuffer.baseAddress.unsafelyUnwrapped,
                        capacity: worker.writeBuffer.count)
                }
            }
        }
        guard size <= worker.writeBuffer.count else {
            return end(GW_E_LIMIT, "the request head is too large")
        }
        stream.send(
            head: UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<size]),
            body: BodyPiece(bytes: body.bytes, isLast: true), framing: framing)
    }

    override func upstreamInterim(status: UInt16, fields: UnsafePointer<gw_fields>) {}

    override func upstreamHead(_ stream: UpstreamStream, body: ResponseBody) {
        ops.on_head?(context, res)
    }

    override func upstreamBody(_ bytes: UnsafeRawBufferPointer) {
        guard !isOver else { return }
        received += UInt64(bytes.count)
        guard received <= bodyBytesMax else { return end(GW_E_LIMIT, "the response is too large") }
        guard worker.isChecking else {
            ops.on_body?(context, gw_view(bytes))
            return
        }
        let lent = LentMemory.lend(bytes)
        defer { LentMemory.takeBack(lent) }
        ops.on_body?(context, gw_view(UnsafeRawBufferPointer(lent)))
    }

    override func upstreamEnded(trailers: UnsafePointer<gw_fields>?) {
        stream = nil
        end(GW_OK, "")
    }

    override func upstreamFailed(_ failure: UpstreamFailure) {
        stream = nil
        let detail = failure.detail.isEmpty ? "" : ": \(failure.detail)"
        end(failure.reason.rawValue, "\(failure.message)\(detail)")
    }

    override func upstreamDrained() {}
    override func upstreamFlush() {}
    override var responseBlock: MessageBlock { block }
    override var response: UnsafeMutablePointer<gw_res> { res }
    override var upstreamMethodID: UInt8 {
        method.withUnsafeBufferPointer { method in
            method.baseAddress.map { methodID($0, method.count) } ?? 0
        }
    }
}

extension Worker {
    func start(_ call: ClientCall, owner: PluginScope) -> UInt64 {
        call.ticket = nextExchangeID()
        call.owner = ObjectIdentifier(owner)
        clientCalls[call.ticket] = call
        noteCall(call, owner)
        // Not before this function returned (gateway.h, "a host call never calls back").
        run { if !call.isOver { call.start() } }
        return call.ticket
    }

    /// An owner is told to end its calls once, however many it makes.
    private func noteCall(_ call: ClientCall, _ owner: PluginScope) {
        let key = ObjectIdentifier(owner)
        if callsOf[key] == nil {
            owner.onRetire { [unowned(unsafe) self] in self.run { self.cancelCalls(of: key) } }
        }
        callsOf[key, default: []].insert(call.ticket)
    }

    private func cancelCalls(of owner: ObjectIdentifier) {
        for ticket in callsOf.removeValue(forKey: owner) ?? [] { _ = cancelCall(ticket) }
    }

    func cancelCall(_ ticket: UInt64) -> Bool {
        guard let call = clientCalls[ticket] else { return false }
        forget(call)
        call.cancel()
        return true
    }

    func forget(_ call: ClientCall) {
        clientCalls[call.ticket] = nil
        if let owner = call.owner { callsOf[owner]?.remove(call.ticket) }
    }
}
