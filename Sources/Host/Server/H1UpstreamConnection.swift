// HTTP/1.1 towards an upstream: one connection, one call at a time.
import Base
import CGateway
import HTTP
import Transport

/// A connection to an upstream, from look-up to close. The worker owns it; `close` releases it.
final class H1UpstreamConnection: UpstreamStream {
    enum State {
        /// Waits for an address, or for a descriptor.
        case resolving
        case connecting
        case handshaking
        /// Kept for the next call.
        case idle
        case active
        case closed
    }

    unowned(unsafe) let pool: WorkerPool
    /// Keeps the pool that it came from, also when the upstream has ended meanwhile.
    private let poolOwner: WorkerPool
    unowned(unsafe) let worker: Worker
    unowned(unsafe) var consumer: UpstreamConsumer?
    var link: Link?
    var state = State.resolving

    // Connecting.
    var addresses: [SocketAddress] = []
    var firstAddress = 0
    var attempts = 0

    // One call.
    var parser = ResponseHeadParser()
    var body = BodyDecoder()
    var hasHead = false
    var input = ByteQueue()
    var interimCount = 0
    var hasServedBefore = false
    var hasReceived = false
    var requestIsSent = false
    var requestFraming = RequestFraming.none
    /// Of the response that is being read.
    var keepsAlive = false
    /// The request was cut or answered early: the connection cannot carry another one.
    var mustClose = false
    var readingWanted = true
    var isDelivering = false
    /// Who reads the rest of a response that is not wanted.
    private(set) var unwanted: UnwantedResponse?

    // Deadlines: the timer is armed lazily, `deadline` is what counts.
    let timer: TimerWheel.Node
    var deadline = UInt64.max
    var armedFor = UInt64.max

    init(pool: WorkerPool) {
        self.pool = pool
        poolOwner = pool
        worker = pool.worker
        timer = .allocate(capacity: 1)
        super.init()
        timer.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<H1UpstreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.timerFired()
                }
            })
    }

    deinit { timer.deallocate() }

    // MARK: Beginning

    /// Takes a new call on a kept connection; false when the connection has ended meanwhile.
    func begin(_ consumer: UpstreamConsumer) -> Bool {
        guard state == .idle, let link, link.isOpen else { return false }
        state = .active
        resetCall(consumer)
        setDeadline(.max)
        consumer.upstreamReady(self)
        return true
    }

    /// Whether a kept connection looks alive. With TLS, what arrived may be a session ticket.
    var isQuiet: Bool { link.map { $0.tls != nil || $0.isQuiet } ?? false }

    /// Waits for a new connection before the call begins.
    func beginFresh(_ consumer: UpstreamConsumer) {
        resetCall(consumer)
        setDeadline(after: pool.shared.spec.connectTimeout)
    }

    func resetCall(_ consumer: UpstreamConsumer) {
        self.consumer = consumer
        unwanted = nil
        parser = ResponseHeadParser()
        body.reset()
        hasHead = false
        interimCount = 0
        hasReceived = false
        requestIsSent = false
        requestFraming = .none
        keepsAlive = false
        mustClose = false
        readingWanted = true
    }

    // MARK: Sending a request

    override func send(head: UnsafeRawBufferPointer, body piece: BodyPiece, framing: RequestFraming)
    {
        guard let link, state == .active else { return }
        requestFraming = framing
        let capacity = worker.writeBuffer.count - head.count
        switch framing {
        case .none:
            requestIsSent = true
            link.send(head)
        case .length:
            requestIsSent = piece.isLast
            link.send(head, piece.bytes)
        case .chunked:
            if piece.bytes.count + ChunkFraming.overhead <= capacity {
                // Head and first chunk leave together.
                var end = head.count
                end += ChunkFraming.write(
                    piece, to: worker.writeBuffer.baseAddress.unsafelyUnwrapped + end)
                link.send(UnsafeRawBufferPointer(start: head.baseAddress, count: end))
                requestIsSent = piece.isLast
            } else {
                link.send(head)
                sendBody(piece.bytes, isLast: piece.isLast)
            }
        }
        afterSending(link)
    }

    override func sendBody(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        guard let link, state == .active else { return }
        if isLast { requestIsSent = true }
        switch requestFraming {
        case .none: break
        case .length: link.send(bytes)
        case .chunked: worker.sendChunk(bytes, isLast: isLast, on: link)
        }
        afterSending(link)
    }

    override func sendTrailers(_ trailers: UnsafePointer<gw_fields>) {
        guard let link, state == .active else { return }
        requestIsSent = true
        if requestFraming == .chunked { worker.sendLastChunk(trailers, on: link) }
        afterSending(link)
    }

    func afterSending(_ link: Link) {
        if link.isBroken { return outputBroke() }
        requestMoved(link)
    }

    /// Bytes of the request have left: what is waited for now is room for more, or the response.
    func requestMoved(_ link: Link) {
        guard !hasHead else { return }
        if link.hasPendingOutput {
            setDeadline(after: pool.shared.spec.writeTimeout)
        } else {
            setDeadline(after: requestIsSent ? pool.shared.spec.headTimeout : .max)
        }
    }

    /// The upstream takes no more of the request. It may have answered already (RFC 9112 §9.5), so
    /// what it sent is read before the call is given up.
    func outputBroke() {
        mustClose = true
        worker.scheduleRead(self)
    }

    override var isCongested: Bool { link?.hasPendingOutput ?? false }

    override var spliceTarget: Link? {
        guard state == .active, let link, link.tls == nil, !link.hasPendingOutput, !link.isBroken
        else { return nil }
        if case .length = requestFraming { return link }
        return nil
    }

    override func noteSpliced(isLast: Bool) {
        guard let link, state == .active else { return }
        if isLast { requestIsSent = true }
        afterSending(link)
    }

    // MARK: Flow control and ending

    override func setReading(_ isWanted: Bool) {
        guard readingWanted != isWanted else { return }
        readingWanted = isWanted
        link?.setReading(isWanted)
        if isWanted, !isDelivering, !input.isEmpty || link?.hasBufferedInput == true {
            worker.scheduleRead(self)
        }
        if !isWanted { setDeadline(.max) } else { noteProgress() }
    }

    /// At the end of a turn: bytes that the loop will not announce again.
    func scheduledRead() {
        guard state == .active, let link else { return }
        if unwanted != nil, body.isComplete { return finishResponse(trailers: nil) }
        if !input.isEmpty, readingWanted {
            isDelivering = true
            decodeInput()
            isDelivering = false
            if state == .active { consumer?.upstreamFlush() }
        }
        guard state == .active, readingWanted else { return }
        if link.isBroken || link.hasBufferedInput { receive(link) }
        if link.isBroken, state == .active {
            fail(hasHead ? .body : .send, .broken, "the upstream closed while the request was sent")
        }
    }

    func ended(clean: Bool) {
        if body.kind == .untilClose, clean {
            keepsAlive = false
            finishResponse(trailers: nil)
            return
        }
        let phase: UpstreamFailure.Phase = hasHead ? .body : .head
        fail(
            phase, .broken,
            hasHead
                ? "the upstream closed the connection before its response was whole"
                : "the upstream closed the connection without a response")
    }

    override func cancel() {
        guard consumer != nil else { return }
        consumer = nil
        pool.callEnded()
        close()
    }

    override func discard() {
        guard state == .active, hasHead, requestIsSent, keepsAlive, !mustClose,
            body.kind != .untilClose,
            body.remaining ?? 0 <= UInt64(Limits.unwantedResponseBytesMax)
        else { return cancel() }
        let unwanted = UnwantedResponse(self)
        self.unwanted = unwanted
        consumer = unwanted
        setReading(true)
        setDeadline(after: Limits.unwantedResponseTimeout)
        worker.scheduleRead(self)
    }

    func fail(
        _ phase: UpstreamFailure.Phase, _ reason: UpstreamFailure.Reason, _ message: StaticString,
        detail: String = ""
    ) {
        let consumer = self.consumer
        self.consumer = nil
        if consumer != nil { pool.callEnded() }
        let isRetryable =
            phase == .connect || phase == .tls
            || (hasServedBefore && !hasReceived && phase != .body && reason == .broken)
        let failure = UpstreamFailure(
            phase: phase, reason: reason, isRetryable: isRetryable, wasReused: hasServedBefore,
            message: message, detail: detail)
        close()
        consumer?.upstreamFailed(failure)
    }

    func close() {
        guard state != .closed else { return }
        if state == .idle { pool.forget(self) }
        if state == .resolving {
            pool.stopWaiting(self)
            worker.stopStarving(self)
        }
        let wasActive = state == .active
        state = .closed
        worker.loop.cancel(timer)
        // A call that was given up half-way is reset, so that the upstream stops at once.
        link?.close(abort: wasActive && consumer == nil && !requestIsSent)
        link = nil
        worker.release(self)
    }
}
