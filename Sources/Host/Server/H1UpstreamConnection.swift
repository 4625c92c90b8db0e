// HTTP/1.1 towards an upstream: one connection, one call at a time.
import Base
import CGateway
import HTTP
import Transport

/// A connection to an upstream, from look-up to close. The worker owns it; `close` releases it.
final class H1UpstreamConnection: UpstreamStream {
    private enum State {
        case resolving
        case connecting
        case handshaking
        /// Kept for the next call.
        case idle
        case active
        case closed
    }

    private unowned(unsafe) let pool: WorkerPool
    private unowned(unsafe) let worker: Worker
    private unowned(unsafe) var consumer: UpstreamConsumer?
    private var link: Link?
    private var state = State.resolving

    // Connecting.
    private var addresses: [SocketAddress] = []
    private var firstAddress = 0
    private var attempts = 0

    // One call.
    private var parser = ResponseHeadParser()
    private var body = BodyDecoder()
    private var hasHead = false
    private var input = ByteQueue()
    private var interimCount = 0
    private var hasServedBefore = false
    private var hasReceived = false
    private var requestIsSent = false
    private var requestFraming = RequestFraming.none
    /// Of the response that is being read.
    private var keepsAlive = false
    /// The request was cut or answered early: the connection cannot carry another one.
    private var mustClose = false
    private var readingWanted = true
    private var isDelivering = false

    // Deadlines: the timer is armed lazily, `deadline` is what counts.
    private let timer: TimerWheel.Node
    private var deadline = UInt64.max
    private var armedFor = UInt64.max

    init(pool: WorkerPool) {
        self.pool = pool
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

    private func resetCall(_ consumer: UpstreamConsumer) {
        self.consumer = consumer
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

    // MARK: Connecting

    /// Dials the addresses one after the other, beginning with the one that worked last.
    func connect(_ addresses: [SocketAddress], first: Int) {
        self.addresses = addresses
        firstAddress = first
        attempts = 0
        connectNext(lastError: 0)
    }

    func resolutionFailed(_ error: ResolutionError) {
        fail(.connect, .broken, "the upstream's name cannot be looked up", detail: "\(error)")
    }

    private func connectNext(lastError: Int) {
        guard attempts < addresses.count else {
            fail(
                .connect, .broken, "cannot connect to the upstream",
                detail: SystemError.text(Int32(-lastError)))
            return
        }
        let address = addresses[(firstAddress + attempts) % addresses.count]
        attempts += 1
        let result = Socket.connect(to: address)
        guard result >= 0 else { return connectNext(lastError: result) }
        let link = Link(fd: Int32(result), loop: worker.loop)
        self.link = link
        state = .connecting
        do {
            try link.open(.writable, Unmanaged.passUnretained(self).toOpaque()) { context, events in
                Unmanaged<H1UpstreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.ready(Readiness(rawValue: events))
                }
            }
        } catch {
            fail(.connect, .broken, "cannot watch the upstream's socket", detail: "\(error)")
        }
    }

    private func finishConnecting() {
        guard let link else { return }
        let error = Socket.pendingError(link.fd)
        guard error == 0 else {
            link.close()
            self.link = nil
            return connectNext(lastError: error)
        }
        pool.connected(addressIndex: (firstAddress + attempts - 1) % max(1, addresses.count))
        guard let tls = pool.shared.tls else { return becomeActive() }
        do {
            link.tls = try TLSSession(
                client: tls.context, descriptor: link.fd, peer: tls.peer)
        } catch {
            return fail(.tls, .broken, "cannot begin TLS with the upstream", detail: "\(error)")
        }
        state = .handshaking
        continueHandshake()
    }

    private func continueHandshake() {
        guard let link, let tls = link.tls else { return }
        switch tls.handshake() {
        case .done: becomeActive()
        case .wantRead:
            link.setReading(true)
            link.setWantsWrite(false)
        case .wantWrite:
            link.setReading(false)
            link.setWantsWrite(true)
        case .closed:
            fail(.tls, .broken, "the upstream closed the connection during the TLS handshake")
        case .failed(let failure):
            fail(.tls, .denied, "the TLS handshake with the upstream failed", detail: "\(failure)")
        }
    }

    private func becomeActive() {
        guard let link, let consumer else { return }
        addresses = []
        state = .active
        setDeadline(.max)
        link.setWantsWrite(false)
        link.setReading(true)
        consumer.upstreamReady(self)
    }

    // MARK: Events

    private func ready(_ events: Readiness) {
        switch state {
        case .connecting: finishConnecting()
        case .handshaking: continueHandshake()
        case .active: activeReady(events)
        case .idle: close()
        case .resolving, .closed: break
        }
    }

    private func activeReady(_ events: Readiness) {
        guard let link else { return }
        if events.contains(.writable) { drainOutput(link) }
        guard state == .active else { return }
        if events.contains(.readable), link.isReading || link.tls != nil {
            receive(link)
        } else if !events.isDisjoint(with: .hangup), !link.isReading {
            // Reading is paused and the upstream has left: what it sent is still to be read.
            if events.rawValue & Readiness.broken.rawValue != 0 { receive(link) } else {
                link.ignoreLeaving()
            }
        }
    }

    private func drainOutput(_ link: Link) {
        let waiting = link.output.count
        link.flush()
        if link.isBroken { return outputBroke() }
        if link.output.count < waiting { requestMoved(link) }
        if !link.hasPendingOutput { consumer?.upstreamDrained() }
    }

    private func receive(_ link: Link) {
        let buffer = worker.readBuffer
        while true {
            if spliceBody(link) { return }
            let count = link.receive(buffer)
            guard count > 0 else {
                if count != Errno.wouldBlock { ended(clean: count == 0) }
                return
            }
            if !hasReceived { hasReceived = true }
            if pool.shared.spec.readTimeout != .max { noteProgress() }
            deliver(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count))
            guard state == .active, let link = self.link, link.isReading, link.hasBufferedInput
            else { return }
        }
    }

    /// Moves a long body past the process; false when it has to be read.
    private func spliceBody(_ link: Link) -> Bool {
        guard let remaining = body.remaining, remaining >= Limits.spliceBytesMin, input.isEmpty,
            link.tls == nil, readingWanted,
            let moved = consumer?.upstreamSplice(
                from: link, count: Int(min(remaining, UInt64(Limits.splicePipeBytes))))
        else { return false }
        guard moved > 0 else {
            if moved != Errno.wouldBlock { ended(clean: moved == 0) }
            return true
        }
        if pool.shared.spec.readTimeout != .max { noteProgress() }
        body.skip(moved)
        if body.isComplete, state == .active { finishResponse(trailers: nil) }
        return true
    }

    // MARK: Reading a response

    /// Hands bytes that have just arrived to the consumer, as far as it takes them.
    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        isDelivering = true
        if input.isEmpty {
            let used = decode(bytes)
            if used < bytes.count, state == .active {
                input.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
            }
            if used < bytes.count || link?.hasBufferedInput == true { closeWhenIdle() }
        } else {
            input.append(bytes)
            decodeInput()
        }
        isDelivering = false
        if state == .active { consumer?.upstreamFlush() }
    }

    private func decodeInput() {
        guard !input.isEmpty else { return }
        let used = decode(input.bytes)
        if state == .active || state == .idle { input.consume(used) }
        if !input.isEmpty || link?.hasBufferedInput == true { closeWhenIdle() }
    }

    /// Bytes behind the end of a response belong to nobody: the next call must not take them for
    /// its own.
    private func closeWhenIdle() {
        if state == .idle { close() }
    }

    /// Decodes as much as there is; gives the bytes used. State may have changed after it.
    private func decode(_ bytes: UnsafeRawBufferPointer) -> Int {
        var used = 0
        while used < bytes.count, state == .active, readingWanted {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            let step: Int
            do {
                step = hasHead ? try decodeBody(rest) : try decodeHead(rest)
            } catch {
                fail(
                    hasHead ? .body : .head, .broken, "the upstream's response is malformed",
                    detail: "\(error.message)")
                return bytes.count
            }
            if step == 0 { break }
            used += step
        }
        return used
    }

    private func decodeHead(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        guard let consumer, let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        var head = ResponseHead()
        let limits = HeadLimits(
            startLineBytesMax: Limits.requestLineBytesMax,
            headBytesMax: pool.shared.spec.headBytesMax)
        guard try parser.parse(
            base, count: bytes.count, requestMethodID: consumer.upstreamMethodID, limits: limits,
            fields: worker.fieldTable, into: &head)
        else { return 0 }
        parser = ResponseHeadParser()
        let response = consumer.response
        do {
            consumer.responseBlock.reset()
            try consumer.responseBlock.adopt(
                head: base, headBytes: head.headBytes, fields: worker.fieldTable,
                count: head.fieldCount, section: &response.pointee.fields)
        } catch {
            throw .headTooLarge
        }
        response.pointee.struct_size = UInt32(MemoryLayout<gw_res>.size)
        response.pointee.rev = 1
        response.pointee.status = head.status
        response.pointee.flags = 0
        if head.isInterim {
            interimCount += 1
            guard interimCount <= Limits.interimResponsesMax else { throw .statusLineInvalid }
            FieldSection.removeHopByHop(&response.pointee.fields)
            consumer.upstreamInterim(status: head.status, fields: &response.pointee.fields)
            return head.headBytes
        }
        // Nobody asked for another protocol (RFC 9110 §7.8).
        guard head.status != 101 else { throw .statusLineInvalid }
        keepsAlive = head.keepAlive
        responseVersion = head.version
        hasHead = true
        setDeadline(.max)
        noteProgress()
        beginBody(head, response)
        consumer.upstreamHead(self, body: responseBody(head))
        if body.isComplete, state == .active, self.consumer === consumer {
            finishResponse(trailers: nil)
        }
        return head.headBytes
    }

    private func beginBody(_ head: ResponseHead, _ response: UnsafeMutablePointer<gw_res>) {
        body.begin(head.framing)
        switch head.framing {
        case .none:
            response.pointee.flags = UInt32(GW_RES_BODY_NONE)
            response.pointee.body_length = head.declaredLength ?? UInt64.max
        case .length(let length): response.pointee.body_length = length
        case .chunked, .untilClose: response.pointee.body_length = UInt64.max
        }
    }

    private func responseBody(_ head: ResponseHead) -> ResponseBody {
        switch head.framing {
        case .none: .none
        case .length(let length): .length(length)
        case .chunked, .untilClose: .unknownLength
        }
    }

    private func decodeBody(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        guard let consumer else { return bytes.count }
        let step = try body.take(bytes)
        if step.data.count > 0 { consumer.upstreamBody(step.data) }
        guard step.isEnd, state == .active, self.consumer === consumer else { return step.used }
        if body.hasTrailers {
            try? body.copyTrailers(to: worker.trailers.begin())
            finishResponse(trailers: worker.trailers.section)
        } else {
            finishResponse(trailers: nil)
        }
        return step.used
    }

    private func finishResponse(trailers: UnsafePointer<gw_fields>?) {
        let consumer = self.consumer
        let isReusable = keepsAlive && !mustClose && requestIsSent && link?.isBroken == false
            && link?.hasPendingOutput == false
        self.consumer = nil
        pool.callEnded()
        if isReusable {
            state = .idle
            hasServedBefore = true
            link?.setReading(true)
            setDeadline(after: pool.shared.spec.idleTimeout)
        } else {
            state = .idle
        }
        consumer?.upstreamEnded(trailers: trailers)
        if !isReusable || state != .idle || !pool.keep(self) { close() }
    }

    // MARK: Sending a request

    override func send(head: UnsafeRawBufferPointer, body piece: BodyPiece, framing: RequestFraming) {
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

    private func afterSending(_ link: Link) {
        if link.isBroken { return outputBroke() }
        requestMoved(link)
    }

    /// Bytes of the request have left: what is waited for now is room for more, or the response.
    private func requestMoved(_ link: Link) {
        guard !hasHead else { return }
        if link.hasPendingOutput {
            setDeadline(after: pool.shared.spec.writeTimeout)
        } else {
            setDeadline(after: requestIsSent ? pool.shared.spec.headTimeout : .max)
        }
    }

    /// The upstream takes no more of the request. It may have answered already (RFC 9112 §9.5), so
    /// what it sent is read before the call is given up.
    private func outputBroke() {
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

    private func ended(clean: Bool) {
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

    private func fail(
        _ phase: UpstreamFailure.Phase, _ reason: UpstreamFailure.Reason, _ message: StaticString,
        detail: String = ""
    ) {
        let consumer = self.consumer
        self.consumer = nil
        if consumer != nil { pool.callEnded() }
        let isRetryable = phase == .connect || phase == .tls
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
        if state == .resolving { pool.stopWaiting(self) }
        let wasActive = state == .active
        state = .closed
        worker.loop.cancel(timer)
        // A call that was given up half-way is reset, so that the upstream stops at once.
        link?.close(abort: wasActive && consumer == nil && !requestIsSent)
        link = nil
        worker.release(self)
    }

    // MARK: Deadlines

    private func noteProgress() {
        guard pool.shared.spec.readTimeout != .max, hasHead else { return }
        setDeadline(after: pool.shared.spec.readTimeout)
    }

    private func setDeadline(after duration: UInt64) {
        setDeadline(duration == .max ? .max : worker.loop.now &+ duration)
    }

    private func setDeadline(_ time: UInt64) {
        deadline = time
        guard time < armedFor else { return }
        armedFor = time
        worker.loop.arm(timer, deadline: time)
    }

    private func timerFired() {
        armedFor = .max
        guard deadline != .max else { return }
        guard worker.loop.now >= deadline else { return setDeadline(deadline) }
        switch state {
        case .idle: close()
        case .resolving, .connecting:
            fail(.connect, .timeout, "connecting to the upstream took too long")
        case .handshaking:
            fail(.tls, .timeout, "the TLS handshake with the upstream took too long")
        case .active:
            if link?.hasPendingOutput == true, !hasHead {
                fail(.send, .timeout, "the upstream does not take the request")
            } else {
                fail(
                    hasHead ? .body : .head, .timeout,
                    hasHead
                        ? "the upstream sent nothing for too long"
                        : "the upstream's response head took too long")
            }
        case .closed: break
        }
    }
}
