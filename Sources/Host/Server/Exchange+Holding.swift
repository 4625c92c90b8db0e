// GW_HOLD: the body comes to a handler piece by piece, under flow control, before the head goes on.
import Base
import CGateway
import HTTP
import Routing

/// A piece for which the handler waits. It lies in `emitted`, behind what the hook emitted.
struct HeldPiece {
    var emittedCount: Int
    var isLast: Bool
}

extension Exchange {
    /// Nothing goes on behind the handler before it says so, or the body has ended.
    func beginHolding() {
        guard hasBodyHook else { return raise(status: 500) }
        collectLimit = site?.collectBytesMax ?? Limits.collectBytesMax
        phase = .holding
        if hasCollected || !collected.isEmpty { return holdKept() }
        if req.pointee.body_length == 0 || stream?.isBodyComplete == true {
            return holdPiece(.empty, isLast: true)
        }
        keptFor = max(keptFor, runningHandler - 1)
        sendContinue()
        stream?.readBody()
    }

    /// What was kept for somebody before comes first, as one piece.
    private func holdKept() {
        guard passKeptBody(before: runningHandler) else { return }
        var kept = ByteQueue()
        swap(&kept, &collected)
        let isLast = hasCollected
        hasCollected = false
        holdPiece(kept.bytes, isLast: isLast)
        if phase == .holding { stream?.readBody() }
    }

    /// A piece has come from the client.
    func hold(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        var piece = bytes
        if runningHandler > 0, hooks.contains(.requestBody) {
            let before = 0..<runningHandler
            guard let left = runRequestBodyHooks(bytes, isLast: isLast, of: before) else {
                return runChain()
            }
            piece = left
        }
        holdPiece(piece, isLast: isLast)
        runChain()
    }

    private func holdPiece(_ piece: UnsafeRawBufferPointer, isLast: Bool) {
        guard let generation else { return }
        let index = runningHandler
        let handler = generation.handlers + Int(visited[index].slot)
        guard let hook = handler.pointee.ops.on_request_body else { return }
        let verdict = callBodyHook(hook, handler, index, piece, isLast)
        guard handler.pointee.hooks.contains(.requestBodyChange) || hasOnlyLooked(verdict) else {
            return raise(status: 500)
        }
        if !emitted.isEmpty { isBodyChanged = true }
        switch verdict {
        case gw_verdict(GW_TAKE):
            isBodyChanged = isBodyChanged || !piece.isEmpty
            guard keep(emitted.bytes) else { return }
            if isLast { endHolding(gw_verdict(GW_NEXT), isLast: true) }
        case gw_verdict(GW_WAIT) where ticket != 0:
            heldPiece = HeldPiece(emittedCount: emitted.count, isLast: isLast)
            emitted.append(piece)
            stream?.pauseBody()
            phase = .waiting
        default:
            guard verdict < 0 || keep(keepEmitted(before: piece, in: index)) else { return }
            if isLast || verdict != gw_verdict(GW_NEXT) { endHolding(verdict, isLast: isLast) }
        }
    }

    /// The handler has decided about the piece that it waited with.
    func resumeHolding(_ verdict: gw_verdict) {
        guard let held = heldPiece else { return }
        heldPiece = nil
        phase = .holding
        var kept = emitted.bytes
        if verdict == gw_verdict(GW_TAKE) {
            isBodyChanged = isBodyChanged || kept.count > held.emittedCount
            kept = UnsafeRawBufferPointer(rebasing: kept[..<held.emittedCount])
        }
        guard verdict < 0 || keep(kept) else { return }
        let goesOn = verdict == gw_verdict(GW_NEXT) || verdict == gw_verdict(GW_TAKE)
        if held.isLast || !goesOn {
            endHolding(goesOn ? gw_verdict(GW_NEXT) : verdict, isLast: held.isLast)
        } else {
            stream?.readBody()
        }
    }

    /// The head goes on, with what was kept of the body; the rest follows as it comes.
    private func endHolding(_ verdict: gw_verdict, isLast: Bool) {
        leaveRequest(runningHandler)
        keptFor = max(keptFor, runningHandler)
        if isLast {
            hasCollected = true
        } else {
            stream?.pauseBody()
            keptRequestBytes = requestBytes
        }
        phase = .chain
        if verdict == gw_verdict(GW_HOLD) || verdict == gw_verdict(GW_COLLECT) {
            worker.logContract(self, "wants a body twice")
            return raise(status: 500)
        }
        apply(verdict)
    }

    /// Shows what is kept to the handlers behind those that it was kept for, each of them once.
    ///
    /// - Parameter end: Index of the first handler that is not asked.
    /// - Returns: False when one of them failed; the exchange goes another way then.
    func passKeptBody(before end: Int) -> Bool {
        guard hooks.contains(.requestBody), hasCollected || !collected.isEmpty, keptFor + 1 < end
        else { return true }
        let unseen = (keptFor + 1)..<end
        keptFor = end - 1
        let before = collected.bytes
        guard let left = runRequestBodyHooks(before, isLast: hasCollected, of: unseen) else {
            return false
        }
        guard left.baseAddress != before.baseAddress || left.count != before.count else {
            return true
        }
        isBodyChanged = true
        collected.removeAll()
        collected.append(left)
        return true
    }
}
