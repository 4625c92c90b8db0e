// HTTP/1.x towards a client: one connection, its requests answered in order.
import Base
import CGateway
import HTTP
import Routing
import Synchronization
import Transport

/// A client's connection. The worker owns it; `close` releases it.
final class H1ServerConnection: ServerStream {
    enum State {
        case handshaking
        /// Waits for a request, or for the rest of its head.
        case head
        /// An exchange is under way.
        case exchange
        /// The exchange is over, the rest of its request body is thrown away.
        case draining
        /// Nothing more will be sent; what still comes in is thrown away until the client leaves.
        case lingering
        case closed
    }

    unowned(unsafe) let worker: Worker
    let endpoint: Endpoint
    let peer: SocketAddress
    /// The peer's address as text; lives as long as the connection.
    let peerText: UnsafeRawBufferPointer
    let link: Link
    var state = State.head

    // Reading.
    var parser = RequestHeadParser()
    var body = BodyDecoder()
    /// What came before and was not used yet.
    var input = ByteQueue()
    /// What has just arrived and was not used yet, inside the worker's read buffer.
    var current = UnsafeRawBufferPointer(start: nil, count: 0)
    var isBodyWanted = false
    var isProcessing = false
    /// The exchange looks at a piece of the body that is still in front of the input.
    var isDelivering = false
    var drained = 0
    var hasPartialHead = false
    /// Requests that were pipelined wait for the next turn.
    var isDeferred = false
    /// Has been served, and is among the worker's idle clients.
    private var isCountedIdle = false
    /// When the first byte of a head came that was not whole at once.
    var headBeganAt: UInt64 = 0

    // The exchange under way.
    var exchange: Exchange?
    var requestVersion: UInt8 = 11
    var keepsAlive = true
    var framing = ResponseFraming.none
    /// The client waits for 100 before it sends its body.
    var awaitsContinue = false
    var headIsSent = false
    /// Bytes of the worker's write buffer that hold a response head which is not sent yet.
    var held = 0
    let openedAt: UInt64

    // Deadlines: the timer is armed lazily, `deadline` is what counts.
    let timer: TimerWheel.Node
    var deadline = UInt64.max
    var armedFor = UInt64.max

    enum ResponseFraming {
        case none
        case length
        case chunked
        case untilClose
    }

    init(worker: Worker, endpoint: Endpoint, fd: Int32, peer: SocketAddress) {
        self.worker = worker
        self.endpoint = endpoint
        self.peer = peer
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: 64)
        peerText = UnsafeRawBufferPointer(start: text, count: peer.writeHost(to: text))
        link = Link(fd: fd, loop: worker.loop)
        openedAt = worker.loop.now
        timer = .allocate(capacity: 1)
        super.init()
        timer.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<H1ServerConnection>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.timerFired()
                }
            })
    }

    deinit {
        timer.deallocate()
        peerText.baseAddress?.assumingMemoryBound(to: CChar.self).deallocate()
    }

    /// Begins to serve; the worker has retained the connection.
    func open() {
        do {
            try link.open(.readable, Unmanaged.passUnretained(self).toOpaque()) { context, events in
                Unmanaged<H1ServerConnection>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.ready(Readiness(rawValue: events))
                }
            }
        } catch {
            return close()
        }
        guard let tls = worker.tlsContext(endpoint) else {
            return setDeadline(after: worker.timeouts(endpoint).head)
        }
        do {
            link.tls = try TLSSession(server: tls, descriptor: link.fd)
            state = .handshaking
            setDeadline(after: Limits.tlsHandshakeTimeout)
        } catch {
            close()
        }
    }

    /// The handshake rests until there is a certificate.
    var awaitsCertificate = false

    var isTLS: Bool { link.tls != nil }
    var tlsSession: TLSSession? { link.tls }
    /// What placeholders say of the encryption; empty on plain connections.
    var tlsInfo = TLSInfo()

    // MARK: ServerStream

    override func readBody() {
        guard state == .exchange, !isBodyWanted else { return }
        isBodyWanted = true
        setExchangeDeadline()
        if !isProcessing { resumeInput() }
    }

    /// Goes on with what is here already, which the loop will not announce, and with what comes.
    func resumeInput() {
        updateReading()
        if !input.isEmpty || link.hasBufferedInput { worker.scheduleRead(self) }
    }

    override func pauseBody() {
        guard state == .exchange else { return }
        isBodyWanted = false
        setExchangeDeadline()
        if !isProcessing { updateReading() }
    }

    override func takeBufferedBody() -> BodyPiece {
        guard state == .exchange, !body.isComplete, !available.isEmpty else {
            return BodyPiece(
                bytes: UnsafeRawBufferPointer(start: nil, count: 0), isLast: body.isComplete)
        }
        // Framing errors and trailers are left to the ordinary path.
        guard let length = body.remaining else { return .empty }
        let bytes = UnsafeRawBufferPointer(
            rebasing: available[..<Int(min(UInt64(available.count), length))])
        // Input that had to be kept would be freed by consuming it while the view is in use; a piece
        // that is being delivered is not consumed yet.
        guard input.isEmpty, !isDelivering else { return .empty }
        body.skip(bytes.count)
        consume(bytes.count)
        return BodyPiece(bytes: bytes, isLast: body.isComplete)
    }

    override var spliceTarget: Link? {
        guard state == .exchange, headIsSent, framing == .length, link.tls == nil, !link.isBroken
        else { return nil }
        flush()
        return link.hasPendingOutput ? nil : link
    }

    override func noteSpliced() {
        if link.hasPendingOutput { setWriteDeadline() }
    }

    override var isBodyComplete: Bool { body.isComplete }
    override var isCongested: Bool { link.hasPendingOutput }

    override func sendInterim(status: UInt16, fields: UnsafePointer<gw_fields>?) {
        guard state == .exchange, !headIsSent, requestVersion >= 11 else { return }
        if status == 100 { awaitsContinue = false }
        flush()
        var none = gw_fields()
        let writer = ResponseHeadWriter(status: status, framing: .none, connection: .none)
        let size = withUnsafePointer(to: &none) {
            writer.write(
                fields ?? $0, date: worker.date,
                to: worker.writeBuffer.baseAddress.unsafelyUnwrapped,
                capacity: worker.writeBuffer.count)
        }
        guard size <= worker.writeBuffer.count else { return }
        link.send(UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<size]))
    }

    override func sendHead(_ response: UnsafePointer<gw_res>, body responseBody: ResponseBody) {
        guard state == .exchange, !headIsSent else { return }
        headIsSent = true
        // A long rest of a body, or one of unknown length that a refusal makes useless, is not
        // waited for.
        if response.pointee.status >= 400, body.kind == .chunked { keepsAlive = false }
        // A client that was not told to continue may send its body or not, so that nobody knows
        // what comes next (RFC 9110 §10.1.1).
        if awaitsContinue, !body.isComplete, input.isEmpty { keepsAlive = false }
        if !body.isComplete, body.remaining.map({ $0 > UInt64(Limits.drainBytesMax) }) ?? false {
            keepsAlive = false
        }
        switch responseBody {
        case .none: framing = .none
        case .length: framing = .length
        case .unknownLength:
            framing = requestVersion >= 11 ? .chunked : .untilClose
            if framing == .untilClose { keepsAlive = false }
        }
        held = writeHead(response, wireFraming(responseBody, response))
    }

    func wireFraming(_ body: ResponseBody, _ response: UnsafePointer<gw_res>) -> WireFraming {
        switch body {
        case .none: response.pointee.status == 204 ? .none : .asDeclared
        case .length(let length): .length(length)
        case .unknownLength: framing == .chunked ? .chunked : .none
        }
    }

    /// Writes the head into the worker's buffer, where it waits for the first body piece.
    func writeHead(_ response: UnsafePointer<gw_res>, _ wire: WireFraming) -> Int {
        flush()
        let connection: WireConnection =
            keepsAlive ? (requestVersion == 10 ? .keepAlive : .none) : .close
        let writer = ResponseHeadWriter(
            status: response.pointee.status, framing: wire, connection: connection)
        return withUnsafePointer(to: response.pointee.fields) {
            let size = writer.write(
                $0, date: worker.date, to: worker.writeBuffer.baseAddress.unsafelyUnwrapped,
                capacity: worker.writeBuffer.count)
            // A head beyond the buffer cannot be: the block that it came from is smaller.
            return size <= worker.writeBuffer.count ? size : 0
        }
    }

    override func sendBody(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        guard state == .exchange, headIsSent, !link.isBroken else { return }
        switch framing {
        case .none: break
        case .length, .untilClose:
            if !hold(bytes) {
                sendHeld(with: bytes)
            }
        case .chunked: sendChunk(bytes, isLast: isLast)
        }
        if link.hasPendingOutput { setWriteDeadline() }
    }

    /// Puts a small piece behind what is held, so that it leaves with it; false when it does not
    /// fit.
    func hold(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= Limits.coalescedBytesMax,
            bytes.count <= worker.writeBuffer.count - held
        else { return false }
        if let source = bytes.baseAddress, bytes.count > 0 {
            (worker.writeBuffer.baseAddress.unsafelyUnwrapped + held).copyMemory(
                from: source, byteCount: bytes.count)
            held += bytes.count
        }
        return true
    }

    func sendHeld(with bytes: UnsafeRawBufferPointer) {
        let head = UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<held])
        held = 0
        if head.isEmpty { link.send(bytes) } else { link.send(head, bytes) }
    }

    func sendChunk(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        if bytes.count + ChunkFraming.overhead > worker.writeBuffer.count - held { flush() }
        guard bytes.count + ChunkFraming.overhead <= worker.writeBuffer.count else {
            return worker.sendChunk(bytes, isLast: isLast, on: link)
        }
        held += ChunkFraming.write(
            BodyPiece(bytes: bytes, isLast: isLast),
            to: worker.writeBuffer.baseAddress.unsafelyUnwrapped + held)
    }

    override func sendTrailers(_ trailers: UnsafePointer<gw_fields>) {
        guard state == .exchange, headIsSent else { return }
        flush()
        if framing == .chunked { worker.sendLastChunk(trailers, on: link) }
    }

    override func flush() {
        guard held > 0 else { return }
        let head = UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<held])
        held = 0
        link.send(head)
        if link.hasPendingOutput { setWriteDeadline() }
    }

    override func abort() {
        guard state == .exchange else { return }
        held = 0
        exchange = nil
        // Only a reset tells the client of a body without a length that it is not whole.
        close(abort: framing == .untilClose && headIsSent)
    }

    override func finish() {
        guard state == .exchange else { return }
        flush()
        exchange = nil
        if link.isBroken { return close() }
        if body.isComplete { return nextRequest() }
        state = .draining
        setDeadline(after: lingerTimeout)
        if !isProcessing { resumeInput() }
    }

    /// Waits for its next request and for nothing else.
    var isIdle: Bool {
        isCountedIdle && state == .head && !hasPartialHead && input.isEmpty
            && !link.hasPendingOutput
    }

    func countIdle(_ isIdle: Bool) {
        guard isIdle != isCountedIdle else { return }
        isCountedIdle = isIdle
        // The worker is the only one that writes it.
        let count = worker.idleClients.load(ordering: .relaxed)
        worker.idleClients.store(count + (isIdle ? 1 : -1), ordering: .relaxed)
    }

    func nextRequest() {
        body.reset()
        guard keepsAlive else { return linger() }
        state = .head
        hasPartialHead = false
        countIdle(true)
        setDeadline(
            after: link.hasPendingOutput
                ? worker.timeouts(endpoint).writeIdle : worker.timeouts(endpoint).keepAlive)
        if !isProcessing { resumeInput() }
    }
}
