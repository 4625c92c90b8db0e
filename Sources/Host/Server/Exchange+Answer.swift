// A plugin's own answer, whole or piece by piece, and the host's bare ones.
import Base
import CGateway
import HTTP
import Transport

/// How far a handler has come with its own response.
enum AnswerState {
    case none
    /// `response` was called: its fields are being set.
    case prepared
    /// `respond` was called: the body is whole.
    case whole
    /// `start` was called: pieces follow.
    case started
    /// The last piece was written.
    case ended
    case aborted
    /// `copy_response` was called: the parked response of the upstream is the answer.
    case parked

    /// What a handler should have known that goes on with its answer out of order.
    var ruleBroken: StaticString {
        switch self {
        case .none: "response comes first"
        case .prepared: "start comes first"
        case .whole: "respond has given the whole answer"
        case .started: "start was called; pieces follow by write"
        case .ended: "the answer has ended with GW_WRITE_END"
        case .aborted: "the answer was aborted"
        case .parked: "copy_response has given the answer"
        }
    }
}

extension Exchange {
    // MARK: Host calls (inside hooks and jobs; nothing here calls a plugin)

    /// `gw_host_http.response`: the handler begins an answer, or begins it anew.
    func offerAnswer(status: UInt16) -> UnsafeMutablePointer<gw_res>? {
        guard !headSent else {
            breach("gw.http/1 response", "the head of a response was sent already")
            return nil
        }
        if answeringHandler == runningHandler, answer != .none, answer != .prepared {
            breach("gw.http/1 response", "called after respond, start or copy_response")
            return nil
        }
        answeringHandler = runningHandler
        return prepareAnswer(status: status)
    }

    /// An empty response with that status.
    func prepareAnswer(status: UInt16) -> UnsafeMutablePointer<gw_res>? {
        guard !headSent, phase != .done, phase != .idle else { return nil }
        parked = nil
        answerBlock.reset()
        res.pointee = gw_res()
        res.pointee.struct_size = UInt32(MemoryLayout<gw_res>.size)
        res.pointee.rev = 1
        res.pointee.status = status
        guard (try? answerBlock.register(&res.pointee.fields)) != nil else { return nil }
        pendingAnswer.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        answer = .prepared
        return res
    }

    func respond(_ body: UnsafeRawBufferPointer) -> gw_status {
        guard answer == .prepared else {
            breach("gw.http/1 respond", answer.ruleBroken)
            return gw_status(GW_E_INVALID)
        }
        pendingAnswer.append(body)
        answer = .whole
        noteAnswerChanged()
        return gw_status(GW_OK)
    }

    func startAnswer() -> gw_status {
        guard answer == .prepared else {
            breach("gw.http/1 start", answer.ruleBroken)
            return gw_status(GW_E_INVALID)
        }
        answer = .started
        noteAnswerChanged()
        return gw_status(GW_OK)
    }

    func writeAnswer(_ piece: UnsafeRawBufferPointer, flags: UInt32) -> gw_status {
        guard phase != .done, stream != nil else { return gw_status(GW_E_CANCELLED) }
        guard answer == .started else {
            breach("gw.http/1 write", answer.ruleBroken)
            return gw_status(GW_E_INVALID)
        }
        pendingAnswer.append(piece)
        if flags & UInt32(GW_WRITE_END) != 0 { answer = .ended }
        noteAnswerChanged()
        guard pendingAnswer.count < Limits.bufferedBytesMax, stream?.isCongested != true else {
            wantsWritable = true
            return gw_status(GW_AGAIN)
        }
        return gw_status(GW_OK)
    }

    func abortAnswer() {
        guard phase != .done else { return }
        answer = .aborted
        noteAnswerChanged()
    }

    /// Outside of a hook, what was written is sent at the end of the turn.
    private func noteAnswerChanged() {
        if phase == .answering, !isInHook { worker.schedulePump(self) }
    }

    // MARK: Sending it

    /// A hook answered GW_RESPOND.
    func beginAnswer() {
        if answer != .parked {
            giveUpUpstream()
            upstreamHandler = -1
        }
        phase = .answering
        switch answer {
        case .none, .prepared:
            // The answer is still to come, through a job on this loop, within the deadline that the
            // handler gave to `wait_begin`, else the one for every wait.
            if ticket == 0 {
                worker.loop.arm(timer, deadline: worker.loop.now &+ Limits.pluginWaitTimeout)
            }
        case .whole: sendWholeAnswer()
        case .started, .ended, .aborted: pumpAnswer()
        case .parked: sendParked()
        }
    }

    /// The upstream's response was held back while routes ran; now it goes on its way.
    private func sendParked() {
        // Without it, the response has broken off while it waited.
        guard let parked else { return finishWithStatus(502) }
        self.parked = nil
        phase = .upstream
        sendHead(parked.body, exceptHandler: runningHandler)
        guard headSent else { return }
        if upstream == nil { return finishBody(trailers: nil) }
        upstream?.setReading(true)
        callDrained()
    }

    private func sendWholeAnswer() {
        addDefaultFields()
        let body = pendingAnswer.bytes
        if req.pointee.method_id == UInt8(GW_METHOD_HEAD) { declareLength(body.count) }
        sendHead(.length(UInt64(body.count)), exceptHandler: runningHandler)
        guard headSent, phase == .answering else { return }
        sendBodyPiece(body, isLast: true)
        guard phase == .answering else { return }
        responseEnded = true
        end(.complete)
    }

    /// An answer to HEAD says how long the one to GET would be (RFC 9110 §9.3.2).
    private func declareLength(_ count: Int) {
        guard FieldSection.index(&res.pointee.fields, of: FieldID.contentLength) == nil else {
            return
        }
        var text = String(count)
        text.withUTF8 { try? FieldSection.add(&res.pointee.fields, FieldID.contentLength, $0) }
    }

    /// Sends what a handler has written so far.
    func pumpAnswer() {
        guard phase == .answering else { return }
        switch answer {
        case .none, .prepared, .parked: return
        case .whole: return sendWholeAnswer()
        case .aborted:
            return headSent ? breakOff(.failed) : finishWithStatus(500)
        case .started, .ended: break
        }
        if !headSent {
            worker.loop.cancel(timer)
            addDefaultFields()
            sendHead(declaredAnswerLength(), exceptHandler: runningHandler)
            guard headSent, phase == .answering else { return }
        }
        guard keepsDeclaredLength else {
            worker.logContract(self, "wrote another number of bytes than its Content-Length says")
            return breakOff(.failed)
        }
        if !pendingAnswer.isEmpty || answer == .ended {
            sendBodyPiece(pendingAnswer.bytes, isLast: answer == .ended)
            pendingAnswer.removeAll(keepingBytesMax: Limits.exchangeBufferBytesKept)
        }
        stream?.flush()
        guard phase == .answering else { return }
        if answer == .ended {
            responseEnded = true
            end(.complete)
        } else if wantsWritable, stream?.isCongested == false {
            callWritable()
        }
    }

    private func declaredAnswerLength() -> ResponseBody {
        guard let value = FieldSection.get(&res.pointee.fields, FieldID.contentLength) else {
            return .unknownLength
        }
        var length: UInt64 = 0
        for byte in value {
            guard byte >= 0x30, byte <= 0x39, length < UInt64.max / 16 else {
                return .unknownLength
            }
            length = length * 10 + UInt64(byte - 0x30)
        }
        return .length(length)
    }

    /// What goes on behind the declared end would be read as the next response.
    private var keepsDeclaredLength: Bool {
        guard case .length(let declared) = responseFraming else { return true }
        let written = responseBytes &+ UInt64(pendingAnswer.count)
        return answer == .ended ? written == declared : written <= declared
    }

    private func callWritable() {
        wantsWritable = false
        guard let generation, runningHandler >= 0 else { return }
        let visit = visited[runningHandler]
        let handler = generation.handlers + Int(visit.slot)
        guard let hook = handler.pointee.ops.on_writable else { return }
        isInHook = true
        hook(handler.pointee.instance, req, visit.state)
        isInHook = false
        if phase == .answering { worker.schedulePump(self) }
    }

    private func addDefaultFields() {
        if FieldSection.index(&res.pointee.fields, of: FieldID.server) == nil {
            let name: StaticString = "Gatewright"
            name.withBytes { try? FieldSection.add(&res.pointee.fields, FieldID.server, $0) }
        }
    }

    // MARK: The host's own answers

    /// A response without a body, through the response hooks.
    ///
    /// - Parameter addFields: Adds to those of the response.
    func finishWithStatus(_ status: UInt16, _ addFields: () -> Void = {}) {
        guard !headSent else { return breakOff(.failed) }
        phase = .answering
        guard prepareAnswer(status: status) != nil else { return breakOff(.failed) }
        addFields()
        answer = .whole
        runningHandler = -1
        sendWholeAnswer()
    }

    // MARK: From the client's side

    func outputDrained() {
        switch phase {
        case .upstream: upstream?.setReading(true)
        case .answering:
            if wantsWritable { worker.schedulePump(self) }
        case .idle, .chain, .waiting, .collecting, .holding, .done: break
        }
    }

    /// The client has left, or is given up: whatever is under way for it ends now.
    ///
    /// - Parameter reason: GW_E_CANCELLED, or GW_E_TIMEOUT when it took too long.
    func clientGone(_ reason: gw_status = gw_status(GW_E_CANCELLED)) {
        stream = nil
        cancelPlugins(reason)
        giveUpUpstream()
        end(.clientGone)
    }
}
