// The end of a connection: refusals, departures, deadlines.
import Base
import CGateway
import HTTP
import Routing
import Transport

extension H1ServerConnection {
    // MARK: Ending

    /// Answers a request that cannot be understood; the connection is dead for input then.
    func refuse(_ status: UInt16, _ message: StaticString) {
        worker.logRefusal(status, message, peerText)
        worker.generation.server(endpoint)?.accessLog?.write(
            RefusedRequest(available), on: self, status: status,
            since: hasPartialHead ? headBeganAt : worker.loop.now)
        held = ErrorPage.write(status: status, date: worker.date, to: worker.writeBuffer)
        flush()
        linger()
    }

    func bodyBroke(
        _ status: UInt16, _ message: StaticString,
        reason: gw_status = gw_status(GW_E_CANCELLED)
    ) {
        worker.logRefusal(status, message, peerText)
        let exchange = self.exchange
        self.exchange = nil
        let mayAnswer = !headIsSent
        exchange?.clientGone(reason)
        guard state != .closed else { return }
        guard mayAnswer else { return close() }
        held = ErrorPage.write(status: status, date: worker.date, to: worker.writeBuffer)
        flush()
        linger()
    }

    func clientGone(_ reason: gw_status = gw_status(GW_E_CANCELLED)) {
        guard let exchange else { return close() }
        self.exchange = nil
        state = .closed
        exchange.clientGone(reason)
        state = .lingering
        close()
    }

    /// Says goodbye, and reads what still comes so that the answer is not lost to a reset
    /// (RFC 9112 §9.6).
    func linger() {
        state = .lingering
        countIdle(false)
        drained = 0
        setDeadline(after: lingerTimeout)
        if link.isBroken { return close() }
        if !link.hasPendingOutput { sayGoodbye() }
        if !isProcessing, state != .closed { updateReading() }
    }

    /// A client that is still taking the end of its response is not hurried.
    var lingerTimeout: UInt64 {
        link.hasPendingOutput ? worker.timeouts(endpoint).writeIdle : Limits.lingerTimeout
    }

    func sayGoodbye() { link.shutdownWrite() }

    func outputDrained() {
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
        countIdle(false)
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
        closeIdle()
    }

    /// Ends the connection unless something is under way. A request that has arrived already is
    /// still served.
    func closeIdle() {
        if state == .head, input.isEmpty, link.isReading { receive() }
        guard state == .head, input.isEmpty else { return }
        if link.hasPendingOutput { linger() } else { close() }
    }

    // MARK: Deadlines

    func setDeadline(after duration: UInt64) {
        setDeadline(duration == .max ? .max : worker.loop.now &+ duration)
    }

    func setDeadline(_ time: UInt64) {
        deadline = time
        guard time < armedFor else { return }
        armedFor = time
        worker.loop.arm(timer, deadline: time)
    }

    /// While output waits, the client has to take some of it in time.
    func setWriteDeadline() { setDeadline(after: worker.timeouts(endpoint).writeIdle) }

    /// What is waited for during an exchange: that the client reads, else that it goes on with a
    /// body that somebody wants, else nothing.
    func setExchangeDeadline() {
        if link.hasPendingOutput {
            if deadline == .max { setWriteDeadline() }
        } else {
            setDeadline(
                after: isBodyWanted && !body.isComplete
                    ? worker.timeouts(endpoint).bodyIdle : .max)
        }
    }

    func timerFired() {
        armedFor = .max
        guard deadline != .max else { return }
        guard worker.loop.now >= deadline else { return setDeadline(deadline) }
        switch state {
        case .head where hasPartialHead: refuse(408, "the request head took too long")
        case .exchange:
            if link.hasPendingOutput {
                clientGone(gw_status(GW_E_TIMEOUT))
            } else {
                bodyBroke(
                    408, "the request body stopped", reason: gw_status(GW_E_TIMEOUT))
            }
        case .head, .handshaking, .draining, .lingering, .closed: close()
        }
    }
}
