// HTTP/1.x towards a client: one connection, its requests answered in order.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// A client's connection. The worker owns it; `close` releases it.
final class H1ServerConnection: ServerStream {
    private enum State {
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
    private let link: Link
    private var state = State.head

    // Reading.
    private var parser = RequestHeadParser()
    private var body = BodyDecoder()
    /// What came before and was not used yet.
    private var input = ByteQueue()
    /// What has just arrived and was not used yet, inside the worker's read buffer.
    private var current = UnsafeRawBufferPointer(start: nil, count: 0)
    private var isBodyWanted = false
    private var isProcessing = false
    /// The exchange looks at a piece of the body that is still in front of the input.
    private var isDelivering = false
    private var drained = 0
    private var hasPartialHead = false

    // The exchange under way.
    private(set) var exchange: Exchange?
    private var requestVersion: UInt8 = 11
    private var keepsAlive = true
    private var framing = ResponseFraming.none
    /// The client waits for 100 before it sends its body.
    private var awaitsContinue = false
    private var headIsSent = false
    /// Bytes of the worker's write buffer that hold a response head which is not sent yet.
    private var held = 0
    private let openedAt: UInt64

    // Deadlines: the timer is armed lazily, `deadline` is what counts.
    private let timer: TimerWheel.Node
    private var deadline = UInt64.max
    private var armedFor = UInt64.max

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

    var isTLS: Bool { link.tls != nil }
    var tlsSession: TLSSession? { link.tls }
    /// What placeholders say of the encryption; empty on plain connections.
    private(set) var tlsInfo = TLSInfo()

    // MARK: Events

    private func ready(_ events: Readiness) {
        if state == .handshaking { return handshake() }
        if events.contains(.writable) {
            let waiting = link.output.count
            link.flush()
            if link.isBroken { return clientGone() }
            if !link.hasPendingOutput {
                outputDrained()
            } else if link.output.count < waiting {
                setWriteDeadline()
            }
            guard state != .closed else { return }
        }
        if events.contains(.readable), link.isReading {
            receive()
        } else if !events.isDisjoint(with: .hangup) {
            // Reading is paused, and the client has left: nobody waits for the answer.
            clientGone()
        }
    }

    private func handshake() {
        guard let tls = link.tls else { return }
        switch tls.handshake() {
        case .done:
            state = .head
            tlsInfo = TLSInfo(tls)
            link.setWantsWrite(false)
            link.setReading(true)
            setDeadline(after: worker.timeouts(endpoint).head)
            if link.hasBufferedInput { worker.scheduleRead(self) }
        case .wantRead:
            link.setWantsWrite(false)
            link.setReading(true)
        case .wantWrite:
            link.setReading(false)
            link.setWantsWrite(true)
        case .closed, .failed:
            // The alert, if there is one, was sent by the library.
            close()
        }
    }

    private func receive() {
        let buffer = worker.readBuffer
        while true {
            if spliceBody() { return }
            let count = link.receive(buffer)
            guard count > 0 else {
                if count != Errno.wouldBlock { clientGone() }
                return
            }
            current = UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
            process()
            guard state != .closed, link.isReading, link.hasBufferedInput else { return }
        }
    }

    /// Moves a long request body past the process; false when it has to be read.
    private func spliceBody() -> Bool {
        guard state == .exchange, isBodyWanted, link.tls == nil, input.isEmpty, let exchange,
            let remaining = body.remaining, remaining >= Limits.spliceBytesMin,
            let moved = exchange.spliceRequestBody(
                from: link, count: Int(min(remaining, UInt64(Limits.splicePipeBytes))),
                remaining: remaining)
        else { return false }
        if moved > 0 {
            body.skip(moved)
            guard state == .exchange else { return true }
            setExchangeDeadline()
            updateReading()
        } else if moved != Errno.wouldBlock {
            clientGone()
        }
        return true
    }

    /// At the end of a turn: bytes that the loop will not announce again.
    func scheduledRead() {
        guard state != .closed else { return }
        process()
        if state != .closed, link.isReading, link.hasBufferedInput { receive() }
    }

    // MARK: Input

    private var available: UnsafeRawBufferPointer { input.isEmpty ? current : input.bytes }

    private func consume(_ count: Int) {
        if input.isEmpty {
            current = UnsafeRawBufferPointer(rebasing: current[count...])
        } else {
            input.consume(count)
        }
    }

    /// Works on the input as far as the state allows, then keeps the rest.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        if !input.isEmpty, !current.isEmpty {
            input.append(current)
            current = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        while step() {}
        if !current.isEmpty, state != .closed {
            input.append(current)
        }
        current = UnsafeRawBufferPointer(start: nil, count: 0)
        isProcessing = false
        guard state != .closed else { return }
        flush()
        updateReading()
    }

    /// One step; false when there is nothing to do before something else happens.
    private func step() -> Bool {
        guard !available.isEmpty else { return false }
        switch state {
        case .head: return link.hasPendingOutput ? false : readHead()
        case .exchange: return isBodyWanted && !body.isComplete ? readBodyPiece() : false
        case .draining: return drainPiece()
        case .lingering:
            drained += available.count
            consume(available.count)
            if drained > Limits.lingerBytesMax { close() }
            return false
        case .handshaking, .closed: return false
        }
    }

    /// Input is read all the time, so that a leaving client is noticed, but never hoarded.
    private func updateReading() {
        let isWanted = switch state {
        case .handshaking: true
        case .head: !link.hasPendingOutput || input.isEmpty
        case .exchange: input.count < Limits.pipelinedBytesMax && (isBodyWanted || body.isComplete || input.isEmpty)
        case .draining, .lingering: true
        case .closed: false
        }
        link.setReading(isWanted)
    }

    private func readHead() -> Bool {
        let bytes = available
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
        var head = RequestHead()
        do {
            let limits = worker.headLimits(endpoint)
            guard try parser.parse(
                base, count: bytes.count, limits: limits, fields: worker.fieldTable, into: &head)
            else {
                setHeadDeadline()
                return false
            }
        } catch {
            refuse(error.status, error.message)
            return false
        }
        parser = RequestHeadParser()
        hasPartialHead = false
        beginExchange(head, UnsafeRawBufferPointer(rebasing: bytes[..<head.headBytes]))
        return true
    }

    /// The whole head has to come within one time-out, however slowly its bytes trickle in.
    private func setHeadDeadline() {
        guard !hasPartialHead else { return }
        hasPartialHead = true
        setDeadline(after: worker.timeouts(endpoint).head)
    }

    private func beginExchange(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        requestVersion = head.version
        keepsAlive = head.keepAlive && !worker.isDraining
            && worker.loop.now - openedAt < Limits.connectionAgeMax
        framing = .none
        headIsSent = false
        isBodyWanted = false
        awaitsContinue = head.expectsContinue
        drained = 0
        body.begin(head.framing)
        state = .exchange
        setDeadline(.max)
        let exchange = worker.takeExchange()
        self.exchange = exchange
        let isLoaded = exchange.load(head, bytes, stream: self)
        consume(head.headBytes)
        guard isLoaded else {
            self.exchange = nil
            worker.recycle(exchange)
            return refuse(431, "the request head is too large")
        }
        exchange.begin()
    }

    private func readBodyPiece() -> Bool {
        let step: BodyStep
        do {
            step = try body.take(available)
        } catch {
            // Whatever follows is not a message any more (RFC 9112 §11.2).
            bodyBroke(error.status, error.message)
            return false
        }
        if step.used == 0, !step.isEnd { return false }
        awaitsContinue = false
        setExchangeDeadline()
        let data = step.data
        let isTaken = data.count > 0 || step.isEnd
        isDelivering = true
        defer { isDelivering = false }
        if isTaken, let exchange {
            if step.isEnd, body.hasTrailers {
                try? body.copyTrailers(to: worker.trailers.begin())
                exchange.requestBody(data, isLast: true, trailers: worker.trailers.section)
            } else {
                exchange.requestBody(data, isLast: step.isEnd, trailers: nil)
            }
        }
        if state != .closed { consume(step.used) }
        return state != .closed
    }

    private func drainPiece() -> Bool {
        do {
            let step = try body.take(available)
            guard step.used > 0 || step.isEnd else { return false }
            drained += step.used
            consume(step.used)
            if step.isEnd {
                nextRequest()
                return state != .closed
            }
            guard drained <= Limits.drainBytesMax else {
                linger()
                return false
            }
            return true
        } catch {
            linger()
            return false
        }
    }

    // MARK: ServerStream

    override func readBody() {
        guard state == .exchange, !isBodyWanted else { return }
        isBodyWanted = true
        setExchangeDeadline()
        if !isProcessing { resumeInput() }
    }

    /// Goes on with what is here already, which the loop will not announce, and with what comes.
    private func resumeInput() {
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

    private func wireFraming(_ body: ResponseBody, _ response: UnsafePointer<gw_res>) -> WireFraming {
        switch body {
        case .none: response.pointee.status == 204 ? .none : .asDeclared
        case .length(let length): .length(length)
        case .unknownLength: framing == .chunked ? .chunked : .none
        }
    }

    /// Writes the head into the worker's buffer, where it waits for the first body piece.
    private func writeHead(_ response: UnsafePointer<gw_res>, _ wire: WireFraming) -> Int {
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
    private func hold(_ bytes: UnsafeRawBufferPointer) -> Bool {
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

    private func sendHeld(with bytes: UnsafeRawBufferPointer) {
        let head = UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<held])
        held = 0
        if head.isEmpty { link.send(bytes) } else { link.send(head, bytes) }
    }

    private func sendChunk(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
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

    private func nextRequest() {
        body.reset()
        guard keepsAlive else { return linger() }
        state = .head
        hasPartialHead = false
        setDeadline(after: link.hasPendingOutput
            ? worker.timeouts(endpoint).writeIdle : worker.timeouts(endpoint).keepAlive)
        if !isProcessing { resumeInput() }
    }

    // MARK: Ending

    /// Answers a request that cannot be understood; the connection is dead for input then.
    private func refuse(_ status: UInt16, _ message: StaticString) {
        worker.logRefusal(status, message, peerText)
        held = ErrorPage.write(status: status, date: worker.date, to: worker.writeBuffer)
        flush()
        linger()
    }

    private func bodyBroke(_ status: UInt16, _ message: StaticString) {
        worker.logRefusal(status, message, peerText)
        let exchange = self.exchange
        self.exchange = nil
        let mayAnswer = !headIsSent
        exchange?.clientBroke()
        guard state != .closed else { return }
        guard mayAnswer else { return close() }
        held = ErrorPage.write(status: status, date: worker.date, to: worker.writeBuffer)
        flush()
        linger()
    }

    private func clientGone() {
        guard let exchange else { return close() }
        self.exchange = nil
        state = .closed
        exchange.clientGone()
        state = .lingering
        close()
    }

    /// Says goodbye, and reads what still comes so that the answer is not lost to a reset
    /// (RFC 9112 §9.6).
    private func linger() {
        state = .lingering
        drained = 0
        setDeadline(after: lingerTimeout)
        if link.isBroken { return close() }
        if !link.hasPendingOutput { sayGoodbye() }
        if !isProcessing, state != .closed { updateReading() }
    }

    /// A client that is still taking the end of its response is not hurried.
    private var lingerTimeout: UInt64 {
        link.hasPendingOutput ? worker.timeouts(endpoint).writeIdle : Limits.lingerTimeout
    }

    private func sayGoodbye() { link.shutdownWrite() }

    private func outputDrained() {
        switch state {
        case .exchange:
            setExchangeDeadline()
            exchange?.outputDrained()
        case .lingering:
            setDeadline(after: Limits.lingerTimeout)
            sayGoodbye()
        case .head:
            setDeadline(after: worker.timeouts(endpoint).keepAlive)
            resumeInput()
        case .draining, .handshaking, .closed: break
        }
    }

    func close(abort: Bool = false) {
        guard state != .closed || link.isOpen else { return }
        state = .closed
        worker.loop.cancel(timer)
        armedFor = .max
        link.close(abort: abort)
        worker.release(self)
    }

    /// The time for the end of exchanges is over.
    func terminate() {
        if exchange != nil { clientGone() } else { close(abort: true) }
    }

    /// The server stops: idle connections end now, others after their exchange.
    func drain() {
        keepsAlive = false
        exchange?.drain()
        // A request that has arrived already is still served.
        if state == .head, input.isEmpty, link.isReading { receive() }
        guard state == .head, input.isEmpty else { return }
        if link.hasPendingOutput { linger() } else { close() }
    }

    // MARK: Deadlines

    private func setDeadline(after duration: UInt64) {
        setDeadline(duration == .max ? .max : worker.loop.now &+ duration)
    }

    private func setDeadline(_ time: UInt64) {
        deadline = time
        guard time < armedFor else { return }
        armedFor = time
        worker.loop.arm(timer, deadline: time)
    }

    /// While output waits, the client has to take some of it in time.
    private func setWriteDeadline() { setDeadline(after: worker.timeouts(endpoint).writeIdle) }

    /// What is waited for during an exchange: that the client reads, else that it goes on with a
    /// body that somebody wants, else nothing.
    private func setExchangeDeadline() {
        if link.hasPendingOutput {
            if deadline == .max { setWriteDeadline() }
        } else {
            setDeadline(after: isBodyWanted && !body.isComplete
                ? worker.timeouts(endpoint).bodyIdle : .max)
        }
    }

    private func timerFired() {
        armedFor = .max
        guard deadline != .max else { return }
        guard worker.loop.now >= deadline else { return setDeadline(deadline) }
        switch state {
        case .head where hasPartialHead: refuse(408, "the request head took too long")
        case .exchange:
            if link.hasPendingOutput {
                clientGone()
            } else {
                bodyBroke(408, "the request body stopped")
            }
        case .head, .handshaking, .draining, .lingering, .closed: close()
        }
    }
}
