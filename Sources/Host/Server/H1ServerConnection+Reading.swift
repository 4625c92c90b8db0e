// Requests as they come in: heads, bodies, what is thrown away.
import Base
import CGateway
import HTTP
import Routing
import Transport

extension H1ServerConnection {
    // MARK: Events

    func ready(_ events: Readiness) {
        if state == .handshaking {
            if !awaitsCertificate { return handshake() }
            if !events.isDisjoint(with: .hangup) { close() }
            return
        }
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

    func handshake() {
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
        case .wantCertificate: findCertificate(tls)
        case .closed, .failed:
            // The alert, if there is one, was sent by the library.
            close()
        }
    }

    /// The client asked for a name that has no certificate yet; one without a name means the address
    /// that it connected to.
    private func findCertificate(_ tls: TLSSession) {
        let wanted = tls.wantedServerName
        let name =
            wanted.isEmpty
            ? Socket.localAddress(link.fd).host : String(decoding: wanted, as: UTF8.self)
        let waiter = OnDemandCertificates.Waiter(worker: worker) { [self] identity in
            guard state == .handshaking, awaitsCertificate else { return }
            awaitsCertificate = false
            proceed(tls, with: identity)
        }
        switch worker.findCertificate(name, endpoint, waiter) {
        case .found(let identity): proceed(tls, with: identity)
        case .refused: proceed(tls, with: nil)
        case .pending:
            awaitsCertificate = true
            link.setReading(false)
            link.setWantsWrite(false)
        }
    }

    private func proceed(_ tls: TLSSession, with identity: TLSIdentity?) {
        tls.provide(identity)
        handshake()
    }

    func receive() {
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
    func spliceBody() -> Bool {
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

    /// The turn in which too many exchanges ended is over.
    func continueDeferred() {
        isDeferred = false
        scheduledRead()
    }

    // MARK: Input

    var available: UnsafeRawBufferPointer { input.isEmpty ? current : input.bytes }

    func consume(_ count: Int) {
        if input.isEmpty {
            current = UnsafeRawBufferPointer(rebasing: current[count...])
        } else {
            input.consume(count)
        }
    }

    /// Works on the input as far as the state allows, then keeps the rest.
    func process() {
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
    func step() -> Bool {
        guard !available.isEmpty else { return false }
        switch state {
        case .head:
            if link.hasPendingOutput || isDeferred { return false }
            guard worker.mayBeginExchange else {
                isDeferred = true
                worker.continueNextTurn(self)
                return false
            }
            return readHead()
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
    func updateReading() {
        let isWanted =
            switch state {
            case .handshaking: true
            case .head: !(link.hasPendingOutput || isDeferred) || input.isEmpty
            case .exchange:
                input.count < Limits.pipelinedBytesMax
                    && (isBodyWanted || body.isComplete || input.isEmpty)
            case .draining, .lingering: true
            case .closed: false
            }
        link.setReading(isWanted)
    }

    func readHead() -> Bool {
        let bytes = available
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
        var head = RequestHead()
        do {
            let limits = worker.headLimits(endpoint)
            guard
                try parser.parse(
                    base, count: bytes.count, limits: limits, fields: worker.fieldTable, into: &head
                )
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
    func setHeadDeadline() {
        guard !hasPartialHead else { return }
        hasPartialHead = true
        headBeganAt = worker.loop.now
        setDeadline(after: worker.timeouts(endpoint).head)
    }

    func beginExchange(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        countIdle(false)
        requestVersion = head.version
        keepsAlive =
            head.keepAlive && !worker.isDraining
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
        guard isLoaded else {
            self.exchange = nil
            worker.recycle(exchange)
            return refuse(431, "the request head is too large")
        }
        consume(head.headBytes)
        exchange.begin()
    }

    func readBodyPiece() -> Bool {
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

    func drainPiece() -> Bool {
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
}
