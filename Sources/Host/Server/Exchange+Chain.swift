// The chain: which hook runs next, and what its verdict means.
import Base
import CGateway
import HTTP
import Routing
import Transport

extension Exchange {
    /// Runs handlers until one of them ends or suspends the chain.
    ///
    /// Every entry into the exchange ends with it, so that hooks only have to set the phase.
    func runChain() {
        guard !isRunningChain, phase == .chain else { return }
        isRunningChain = true
        defer { isRunningChain = false }
        while phase == .chain {
            switch context.nextStep() {
            case .handler(let slot):
                let verdict = callRequestHook(slot)
                apply(verdict)
            case .end:
                // Nobody answered: an empty 200, as Caddy gives.
                finishWithStatus(200)
            case .failed(let status):
                // The error routes ended without an answer: handlers have seen the error already.
                enterErrorRoutes(status: status, message: context.error.message)
            case .refused(let code):
                runningHandler = -1
                applyFailure(code)
            }
        }
    }

    private func callRequestHook(_ slot: Int32) -> gw_verdict {
        guard let handlers else { return gw_verdict(GW_E_INTERNAL) }
        let handler = handlers + Int(slot)
        guard let index = visit(slot, handler) else { return gw_verdict(GW_E_LIMIT) }
        guard let hook = handler.pointee.ops.on_request else { return gw_verdict(GW_NEXT) }
        runningHandler = index
        isInHook = true
        let verdict = hook(handler.pointee.instance, req, visited[index].state)
        isInHook = false
        return verdict
    }

    /// Notes that the request goes through a handler; nil when the exchange has no memory left.
    private func visit(_ slot: Int32, _ handler: UnsafeMutablePointer<HandlerSlot>) -> Int? {
        // A second visit, after a reroute, finds its state again.
        if slot > visitedSlotMax {
            visitedSlotMax = slot
            return firstVisit(slot, handler)
        }
        for index in 0..<visitedCount where visited[index].slot == slot {
            revisit(index, handler)
            return index
        }
        return firstVisit(slot, handler)
    }

    private func firstVisit(_ slot: Int32, _ handler: UnsafeMutablePointer<HandlerSlot>) -> Int? {
        if visitedCount == visitedCapacity { growVisited() }
        var state = noState
        let size = Int(handler.pointee.stateSize)
        if size > 0 {
            guard let memory = arena.allocate(size) else { return nil }
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            state = memory
        }
        visited[visitedCount] = VisitedHandler(slot: slot, visit: nextVisit(), state: state)
        visitedCount += 1
        hooks.formUnion(handler.pointee.hooks)
        return visitedCount - 1
    }

    /// A handler is reached once more: it sees everything again.
    private func revisit(_ index: Int, _ handler: UnsafeMutablePointer<HandlerSlot>) {
        visited[index].visit = nextVisit()
        visited[index].leftRequest = false
        visited[index].leftResponse = false
        hooks.formUnion(handler.pointee.hooks)
    }

    private func nextVisit() -> UInt16 {
        defer { visits &+= 1 }
        return visits
    }

    private func growVisited() {
        let grown = UnsafeMutablePointer<VisitedHandler>.allocate(capacity: visitedCapacity * 2)
        grown.moveInitialize(from: visited, count: visitedCount)
        visited.deallocate()
        visited = grown
        visitedCapacity *= 2
    }

    /// Does what a hook of the request direction asked for.
    func apply(_ verdict: gw_verdict) {
        guard verdict >= 0 else { return applyFailure(verdict) }
        switch verdict {
        case gw_verdict(GW_NEXT): phase = .chain
        case gw_verdict(GW_LEAVE):
            phase = .chain
            if runningHandler >= 0 { leaveRequest(runningHandler) }
        case gw_verdict(GW_RESPOND): beginAnswer()
        case gw_verdict(GW_SPLICE): beginSplice()
        case gw_verdict(GW_WAIT): beginWait()
        case gw_verdict(GW_COLLECT): beginCollecting()
        case gw_verdict(GW_HOLD): beginHolding()
        case gw_verdict(GW_REROUTE): reroute()
        case gw_verdict(GW_ROUTES): phase = .chain
        case gw_verdict(GW_ABORT): abortWithoutAnswer()
        default:
            worker.logContract(self, "returned a verdict that does not exist")
            raise(status: 500)
        }
    }

    /// A handler wants nothing more of the request; when no other looks at its body, the body goes
    /// the short way again.
    func leaveRequest(_ index: Int) {
        visited[index].leftRequest = true
        forget([.requestBody, .requestBodyChange], of: index) { $0.leftRequest }
    }

    /// The same for the response.
    func leaveResponse(_ index: Int) {
        visited[index].leftResponse = true
        forget([.responseBody, .responseBodyChange], of: index) { $0.leftResponse }
    }

    @inline(__always)
    private func forget(_ kinds: HookSet, of index: Int, hasLeft: (VisitedHandler) -> Bool) {
        guard let generation,
            !generation.handlers[Int(visited[index].slot)].hooks.isDisjoint(with: kinds)
        else { return }
        hooks.subtract(kinds)
        for index in 0..<visitedCount where !hasLeft(visited[index]) {
            let others = generation.handlers[Int(visited[index].slot)].hooks
            hooks.formUnion(others.intersection(kinds))
        }
    }

    private func reroute() {
        guard context.restart() else {
            worker.logContract(self, "rerouted too often")
            return raise(status: 500)
        }
        phase = .chain
    }

    private func abortWithoutAnswer() {
        statusSent = 0
        let stream = self.stream
        self.stream = nil
        end(.failed)
        stream?.abort()
    }

    // MARK: Waiting

    private func beginWait() {
        guard ticket != 0 else {
            worker.logContract(self, "returned GW_WAIT without wait_begin")
            return raise(status: 500)
        }
        phase = .waiting
    }

    /// A ticket was completed. Called from the top of the loop.
    func resumed(_ verdict: gw_verdict) {
        guard phase == .waiting else { return }
        endWait()
        goOn(verdict)
    }

    /// From now on the exchange may wait for something else.
    func endWait() {
        worker.loop.cancel(timer)
        ticket = 0
        phase = .chain
    }

    /// Goes on with a verdict from outside a hook.
    func goOn(_ verdict: gw_verdict) {
        if heldPiece != nil {
            resumeHolding(verdict)
        } else if passing != nil {
            resumeError(verdict)
        } else {
            apply(verdict)
        }
        runChain()
        stream?.flush()
    }

    /// A deadline has passed: of a ticket, of an answer that was promised, or of the wait for an
    /// upstream that says neither yes nor no to a body.
    func timerFired() {
        switch phase {
        case .waiting: expire("did not complete its ticket in time")
        case .answering where !headSent:
            expire("returned GW_RESPOND and did not answer in time")
        case .upstream where !headSent && requestBytes == keptRequestBytes: sendContinue()
        case .idle, .chain, .collecting, .holding, .upstream, .answering, .done: break
        }
    }

    private func expire(_ rule: StaticString) {
        worker.logContract(self, rule)
        invalidateTicket()
        tellCancelled(runningHandler, gw_status(GW_E_TIMEOUT))
        phase = .chain
        raise(status: 504)
        runChain()
        stream?.flush()
    }
}
