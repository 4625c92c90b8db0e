// A request that failed before its response began: handlers that may save it, then the error routes.
import Base
import CGateway
import HTTP
import Routing

/// Status and words that a hook gave for its negative verdict.
struct PendingFailure {
    var status: UInt16 = 0
    var message = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// An error on its way outwards, through the handlers before the one that failed.
struct PassingError {
    var status: UInt16
    var code: gw_verdict
    /// In the exchange's arena, or static.
    var message: UnsafeRawBufferPointer
    /// Of the upstream call that failed; 0 when none did.
    var phase: UInt32 = 0
    var flags: UInt32 = 0
    /// Handlers that were visited before this are still to be asked.
    var visit: UInt16
}

extension Exchange {
    func applyFailure(_ verdict: gw_verdict) {
        let status = failure.status != 0 ? failure.status : Exchange.status(for: verdict)
        raise(status: status, code: verdict)
    }

    static func status(for code: gw_verdict) -> UInt16 {
        switch code {
        case gw_verdict(GW_E_TIMEOUT): 504
        case gw_verdict(GW_E_UPSTREAM): 502
        case gw_verdict(GW_E_LIMIT): 413
        case gw_verdict(GW_E_DENIED): 403
        case gw_verdict(GW_E_NOT_FOUND): 404
        default: 500
        }
    }

    /// The code of an error that the host found itself.
    private static func code(for status: UInt16) -> gw_verdict {
        switch status {
        case 504: gw_verdict(GW_E_TIMEOUT)
        case 502: gw_verdict(GW_E_UPSTREAM)
        case 413, 431: gw_verdict(GW_E_LIMIT)
        default: gw_verdict(GW_E_INTERNAL)
        }
    }

    /// The running handler failed, or the host on its behalf: handlers before it may save the
    /// request, then the error routes run.
    func raise(status: UInt16, code: gw_verdict? = nil) {
        giveUpUpstream()
        heldPiece = nil
        guard !headSent else { return breakOff(.failed) }
        var error = PassingError(
            status: status, code: code ?? Self.code(for: status), message: failure.message,
            visit: visits)
        if runningHandler >= 0 {
            error.visit = visited[runningHandler].visit
            if runningHandler == upstreamHandler, let failedCall {
                error.phase = failedCall.phase
                error.flags = failedCall.flags
                if error.message.isEmpty { error.message = failedCall.message }
            }
        }
        forgetAnswer()
        passOutwards(error)
    }

    /// What a handler said of its failure, and what it had begun to answer.
    private func forgetAnswer() {
        failure = PendingFailure()
        answer = .none
        pendingAnswer.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        answerBlock.reset()
    }

    // MARK: Hooks

    /// Asks one handler after the other until one of them saves the request.
    private func passOutwards(_ error: PassingError) {
        var error = error
        while let index = nextErrorHandler(error) {
            error.visit = visited[index].visit
            let verdict = callErrorHook(index, error)
            guard goesOn(&error, after: verdict) else { return }
        }
        enterErrorRoutes(status: error.status, message: error.message)
    }

    /// The handler with an error hook that was visited last before the error came by; in error
    /// routes only those that belong to them.
    private func nextErrorHandler(_ error: PassingError) -> Int? {
        guard hooks.contains(.error), let generation else { return nil }
        var found: Int?
        for index in 0..<visitedCount {
            let visit = visited[index].visit
            guard visit >= errorRoutesVisit, visit < error.visit,
                generation.handlers[Int(visited[index].slot)].ops.on_error != nil
            else { continue }
            if found.map({ visited[$0].visit < visit }) ?? true { found = index }
        }
        return found
    }

    private func callErrorHook(_ index: Int, _ error: PassingError) -> gw_verdict {
        guard let generation else { return gw_verdict(GW_NEXT) }
        let handler = generation.handlers + Int(visited[index].slot)
        guard let hook = handler.pointee.ops.on_error else { return gw_verdict(GW_NEXT) }
        var report = gw_error(
            struct_size: UInt32(MemoryLayout<gw_error>.size), rev: 1,
            status: UInt32(error.status), code: error.code, phase: error.phase,
            flags: error.flags, message: gw_view(error.message))
        phase = .chain
        runningHandler = index
        attachment.pool = nil
        isInHook = true
        defer { isInHook = false }
        return hook(handler.pointee.instance, req, visited[index].state, &report)
    }

    /// Does what an error hook asked for; true when the error goes on outwards.
    private func goesOn(_ error: inout PassingError, after verdict: gw_verdict) -> Bool {
        switch verdict {
        case gw_verdict(GW_NEXT), gw_verdict(GW_LEAVE):
            forgetAnswer()
            return true
        case gw_verdict(GW_REROUTE):
            forgetAnswer()
            return !rerouteAsReceived()
        case gw_verdict(GW_RESPOND):
            beginAnswer()
            return false
        case gw_verdict(GW_WAIT) where ticket != 0:
            passing = error
            phase = .waiting
            return false
        case ..<0:
            error.status =
                failure.status != 0 ? failure.status : Self.status(for: verdict)
            error.code = verdict
            error.message = failure.message
            error.phase = 0
            error.flags = 0
            forgetAnswer()
            return true
        default:
            worker.logContract(self, "returned a verdict that on_error does not have")
            forgetAnswer()
            return true
        }
    }

    /// A ticket that an error hook waited for was completed.
    func resumeError(_ verdict: gw_verdict) {
        guard var error = passing else { return }
        passing = nil
        if goesOn(&error, after: verdict) { passOutwards(error) }
    }

    // MARK: Starting over

    /// Starts over at the first route with the request as it was received; false when it cannot
    /// be sent again, or was started over too often.
    private func rerouteAsReceived() -> Bool {
        guard isReplayable, restoreReceived() else { return false }
        guard context.restart() else {
            worker.logContract(self, "rerouted too often")
            return false
        }
        hasOutgoing = false
        attachment = Attachment()
        upstreamHandler = -1
        failedCall = nil
        errorRoutesVisit = 0
        phase = .chain
        return true
    }

    // MARK: Error routes

    /// Goes to the innermost error routes, or answers with the bare status when there are none
    /// (left).
    func enterErrorRoutes(status: UInt16, message: UnsafeRawBufferPointer) {
        passing = nil
        if context.raise(status: status, message: message) {
            errorRoutesVisit = visits
            phase = .chain
        } else {
            finishWithStatus(status)
        }
    }
}
