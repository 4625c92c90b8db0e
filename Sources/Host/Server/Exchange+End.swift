// The end of an exchange: hooks, log, recycling.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// How an exchange ended; values of GW_OUTCOME_*.
enum Outcome: UInt32 {
    case complete = 1
    case clientGone = 2
    case upstreamBroke = 3
    case timeout = 4
    case failed = 5
}

extension Exchange {
    /// Ends a response that cannot be completed, so that the client can tell.
    func breakOff(_ outcome: Outcome) {
        let stream = self.stream
        self.stream = nil
        giveUpUpstream()
        end(outcome)
        stream?.abort()
    }

    /// Ends the exchange. The stream, when it is still there, goes on with its next request.
    func end(_ outcome: Outcome) {
        guard phase != .done, phase != .idle else { return }
        phase = .done
        let stream = self.stream
        self.stream = nil
        // A response that nobody wanted: its connection must not meet this object again.
        giveUpUpstream()
        if ticket != 0 { worker.invalidate(ticket) }
        worker.loop.cancel(timer)
        if hooks.contains(.complete) { runCompleteHooks(outcome) }
        site?.log(self, outcome)
        worker.scheduleRecycling(self)
        stream?.finish()
    }

    func summary(_ outcome: Outcome) -> gw_summary {
        var summary = gw_summary()
        summary.struct_size = UInt32(MemoryLayout<gw_summary>.size)
        summary.rev = 1
        summary.outcome = outcome.rawValue
        summary.status = UInt32(statusSent)
        summary.request_bytes = requestBytes
        summary.response_bytes = responseBytes
        summary.duration_ns = worker.loop.now &- req.pointee.start_ns
        summary.first_byte_ns = firstByteAt == 0 ? 0 : firstByteAt &- req.pointee.start_ns
        return summary
    }

    private func runCompleteHooks(_ outcome: Outcome) {
        guard let generation else { return }
        var summary = self.summary(outcome)
        for index in (0..<visitedCount).reversed() {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_complete else { continue }
            hook(handler.pointee.instance, req, visited[index].state, &summary)
        }
    }

    func invalidateTicket() {
        guard ticket != 0 else { return }
        worker.invalidate(ticket)
        ticket = 0
    }

    func cancelPlugins(_ reason: gw_status) {
        invalidateTicket()
        guard hooks.contains(.cancel) else { return }
        for index in (0..<visitedCount).reversed() { tellCancelled(index, reason) }
    }

    /// Tells one handler that what it does for the exchange is not wanted any more.
    func tellCancelled(_ index: Int, _ reason: gw_status) {
        guard index >= 0, hooks.contains(.cancel), let generation else { return }
        let handler = generation.handlers + Int(visited[index].slot)
        guard let hook = handler.pointee.ops.on_cancel else { return }
        hook(handler.pointee.instance, req, visited[index].state, reason)
    }

    /// Makes the exchange ready for its next request. At the end of a turn, when nobody up the
    /// stack uses it any more.
    func reset() {
        context.reset()
        arena.reset()
        requestBlock.reset()
        answerBlock.reset()
        outgoing.pointee = gw_fields()
        received = nil
        generation = nil
        handlers = nil
        site = nil
        endpoint = nil
        tlsSession = nil
        phase = .idle
        isInHook = false
        runningHandler = -1
        visitedCount = 0
        visits = 0
        visitedSlotMax = -1
        hooks = []
        requestBytes = 0
        responseBytes = 0
        collected.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        hasCollected = false
        heldPiece = nil
        keptRequestBytes = 0
        keptFor = -1
        isBodyChanged = false
        emitted.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        upstream = nil
        upstreamPool = nil
        if !earlierPools.isEmpty { earlierPools.removeAll() }
        upstreamHandler = -1
        attachment = Attachment()
        hasOutgoing = false
        attempts = 0
        parked = nil
        answer = .none
        answeringHandler = -1
        pendingAnswer.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        headSent = false
        responseEnded = false
        statusSent = 0
        firstByteAt = 0
        wantsWritable = false
        failure = PendingFailure()
        passing = nil
        failedCall = nil
        errorRoutesVisit = 0
        ticket = 0
    }
}
