// An upstream call of an exchange: attach, send, receive, fail, try again.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// What a plugin attached, until the host acts on GW_SPLICE.
struct Attachment {
    var pool: UpstreamPool?
    /// Views in the exchange's arena; empty means the request's own.
    var method = UnsafeRawBufferPointer(start: nil, count: 0)
    var uri = UnsafeRawBufferPointer(start: nil, count: 0)
    var flags: UInt32 = 0
}

/// What error hooks are told of the upstream call that failed.
struct FailedCall {
    /// GW_PHASE_* and GW_FAILURE_*.
    var phase: UInt32
    var flags: UInt32
    /// Static.
    var message: UnsafeRawBufferPointer
}

/// A response head that waits while routes decide what becomes of it.
struct ParkedResponse {
    var body: ResponseBody
}

extension Exchange {
    // MARK: Beginning

    func beginSplice() {
        guard let pool = attachment.pool else {
            worker.logContract(self, "returned GW_SPLICE without attach")
            return raise(status: 500)
        }
        giveUpUpstream()
        guard canSendBody else { return raise(status: 502) }
        if !hasOutgoing, !prepareOutgoing(flags: 0) { return raise(status: 431) }
        phase = .upstream
        upstreamHandler = runningHandler
        attempts += 1
        failedCall = nil
        parked = nil
        upstreamStartedAt = worker.loop.now
        let workerPool = worker.pool(pool)
        if let earlier = upstreamPool, earlier !== workerPool { earlierPools.append(earlier) }
        upstreamPool = workerPool
        fillUpstreamInfo(pool)
        let call = workerPool.call(self, needsFresh: false)
        if phase == .upstream, upstream == nil { upstream = call }
    }

    /// False when a part of the body went to an upstream before and was not kept: the next one
    /// would wait for it in vain.
    private var canSendBody: Bool {
        hasCollected || requestBytes == keptRequestBytes
            || attachment.flags & UInt32(GW_ATTACH_NO_BODY) != 0
    }

    private func fillUpstreamInfo(_ pool: UpstreamPool) {
        context.upstream.address = pool.dialText
        context.upstream.hostport = pool.dialText
        context.upstream.host = pool.hostOnly
        context.upstream.port = pool.portText
        context.upstream.retries = attempts - 1
    }

    /// Copies the request's fields for the upstream (`gw_host_upstream.outgoing`).
    func prepareOutgoing(flags: UInt32) -> Bool {
        do {
            if outgoing.pointee.owner == nil {
                try requestBlock.register(
                    outgoing, capacity: Int(req.pointee.fields.count) + Limits.outgoingFieldsSpare)
            }
            outgoing.pointee.count = 0
            try FieldSection.copyEndToEnd(from: &req.pointee.fields, to: outgoing)
            hasOutgoing = true
            if flags & UInt32(GW_OUTGOING_FORWARDED) != 0 {
                try ForwardedFields.add(self, trusted: flags & UInt32(GW_OUTGOING_TRUSTED) != 0)
            }
            if flags & UInt32(GW_OUTGOING_VIA) != 0 {
                try ForwardedFields.addVia(to: outgoing, version: req.pointee.version)
            }
            return true
        } catch {
            return false
        }
    }

    // MARK: Sending

    func callReady(_ stream: UpstreamStream) {
        upstream = stream
        guard let client = self.stream else { return stream.cancel() }
        let sendsBody = attachment.flags & UInt32(GW_ATTACH_NO_BODY) == 0
        if sendsBody, !passKeptBody(before: visitedCount) { return runChain() }
        let framing = sendsBody ? requestFraming(client) : .none
        let size = writeRequestHead(framing)
        guard size <= worker.writeBuffer.count else {
            phase = .chain
            runningHandler = upstreamHandler
            raise(status: 431)
            return runChain()
        }
        let head = UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<size])
        guard framing != .none else {
            return stream.send(head: head, body: .empty, framing: .none)
        }
        if hasCollected || !collected.isEmpty {
            let kept = BodyPiece(bytes: collected.bytes, isLast: hasCollected)
            stream.send(head: head, body: kept, framing: framing)
            if !hasCollected, phase == .upstream, !stream.isCongested { client.readBody() }
            return
        }
        if req.pointee.flags & UInt32(GW_REQ_EXPECT_CONTINUE) != 0 {
            worker.loop.arm(timer, deadline: worker.loop.now &+ Limits.continueWait)
        }
        sendFirstPiece(head, framing, stream, client)
    }

    private func sendFirstPiece(
        _ head: UnsafeRawBufferPointer, _ framing: RequestFraming, _ stream: UpstreamStream,
        _ client: ServerStream
    ) {
        var piece = hooks.contains(.requestBody) ? .empty : client.takeBufferedBody()
        requestBytes &+= UInt64(piece.bytes.count)
        if hooks.contains(.requestBody), client.isBodyComplete { piece.isLast = true }
        stream.send(head: head, body: piece, framing: framing)
        if !piece.isLast, phase == .upstream, !stream.isCongested { client.readBody() }
    }

    private func requestFraming(_ client: ServerStream) -> RequestFraming {
        if hasCollected { return .length(UInt64(collected.count)) }
        if isBodyChanged { return .chunked }
        if req.pointee.body_length == UInt64.max { return .chunked }
        if req.pointee.body_length > 0 {
            // A hook that changes the body changes its length.
            return hooks.contains(.requestBodyChange) ? .chunked : .length(req.pointee.body_length)
        }
        // An empty body is a body where the method expects one (RFC 9110 §8.6).
        return FieldSection.index(&req.pointee.fields, of: FieldID.contentLength) != nil
            ? .length(0) : .none
    }

    private func writeRequestHead(_ framing: RequestFraming) -> Int {
        guard let pool = attachment.pool else { return Int.max }
        let method = attachment.method.isEmpty ? text(req.pointee.method) : attachment.method.utf8
        let target = attachment.uri.isEmpty ? text(req.pointee.uri) : attachment.uri.utf8
        let wire: WireFraming =
            switch framing {
            case .none: .none
            case .length(let length): .length(length)
            case .chunked: .chunked
            }
        return pool.hostText.withUnsafeBufferPointer { poolHost in
            var host = FieldSection.get(outgoing, FieldID.host) ?? text(req.pointee.host)
            let namesUpstream = attachment.flags & UInt32(GW_ATTACH_HOST_UPSTREAM) != 0
            if host.isEmpty || (namesUpstream && isClientHost(host)) { host = poolHost }
            let writer = RequestHeadWriter(
                method: method, target: target, host: host, framing: wire,
                connection: pool.spec.mayReuse ? .none : .close)
            return writer.write(
                outgoing, to: worker.writeBuffer.baseAddress.unsafelyUnwrapped,
                capacity: worker.writeBuffer.count)
        }
    }

    /// Whether the outgoing Host is still the client's: nobody has set another one.
    private func isClientHost(_ host: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let original = FieldSection.get(&req.pointee.fields, FieldID.host) else {
            return false
        }
        return host.baseAddress == original.baseAddress && host.count == original.count
    }

    func text(_ ref: gw_ref) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: req.pointee.fields.base.map { $0 + Int(ref.off) }, count: Int(ref.len))
    }

    func callDrained() {
        guard phase == .upstream, upstream?.isCongested == false,
            attachment.flags & UInt32(GW_ATTACH_NO_BODY) == 0
        else { return }
        if !hasCollected, stream?.isBodyComplete == false { stream?.readBody() }
    }

    // MARK: Receiving

    /// Method of the call: the attached one, else the request's.
    var callMethodID: UInt8 {
        guard !attachment.method.isEmpty, let base = attachment.method.utf8.baseAddress else {
            return req.pointee.method_id
        }
        return methodID(base, attachment.method.count)
    }

    func callInterim(status: UInt16, fields: UnsafePointer<gw_fields>) {
        // 100 only to clients that wait for it; others pass (RFC 9110 §15.2).
        if status == 100 {
            guard req.pointee.flags & UInt32(GW_REQ_EXPECT_CONTINUE) != 0 else { return }
            req.pointee.flags &= ~UInt32(GW_REQ_EXPECT_CONTINUE)
        }
        if attachment.flags & UInt32(GW_ATTACH_NO_BODY) == 0 {
            stream?.sendInterim(status: status, fields: fields)
        }
        answerBlock.reset()
    }

    func callHead(_ stream: UpstreamStream, body: ResponseBody) {
        guard phase == .upstream, let generation, upstreamHandler >= 0 else { return }
        worker.loop.cancel(timer)
        context.upstream.latencyNanoseconds = worker.loop.now &- upstreamStartedAt
        context.upstream.status = res.pointee.status
        context.upstreamResponse = res
        let visit = visited[upstreamHandler]
        let handler = generation.handlers + Int(visit.slot)
        FieldSection.removeHopByHop(&res.pointee.fields)
        // A block without room for one more field goes on without it.
        try? ForwardedFields.addVia(to: &res.pointee.fields, version: stream.responseVersion)
        if let hook = handler.pointee.ops.on_upstream_head {
            runningHandler = upstreamHandler
            attachment.pool = nil
            isInHook = true
            let verdict = hook(handler.pointee.instance, req, visit.state, res)
            isInHook = false
            guard verdict == gw_verdict(GW_NEXT) || verdict == gw_verdict(GW_LEAVE) else {
                return divertResponse(verdict, body)
            }
        }
        sendHead(body, exceptHandler: upstreamHandler)
    }

    /// The handler does something else than pass the response on.
    private func divertResponse(_ verdict: gw_verdict, _ body: ResponseBody) {
        if verdict == gw_verdict(GW_ROUTES) {
            // The response waits: nothing more of it is read until the routes have decided.
            parked = ParkedResponse(body: body)
            upstream?.setReading(false)
            stream?.pauseBody()
            phase = .chain
            return runChain()
        }
        phase = .chain
        giveUpUpstream()
        if verdict != gw_verdict(GW_SPLICE) { attachment.pool = nil }
        apply(verdict)
        runChain()
    }

    func callBody(_ bytes: UnsafeRawBufferPointer) {
        guard phase == .upstream, parked == nil else { return }
        sendBodyPiece(bytes, isLast: false)
        if stream?.isCongested == true { upstream?.setReading(false) }
    }

    func callEnded(trailers: UnsafePointer<gw_fields>?) {
        upstream = nil
        context.upstream.durationNanoseconds = worker.loop.now &- upstreamStartedAt
        callUpstreamEnd(.complete)
        // A parked response without a body ends while routes run.
        guard phase == .upstream else { return }
        finishBody(trailers: trailers)
    }

    // MARK: Failing

    func callFailed(_ failure: UpstreamFailure) {
        upstream = nil
        guard phase == .upstream, let generation, upstreamHandler >= 0 else {
            return parkedFailed(failure)
        }
        worker.loop.cancel(timer)
        // What comes meanwhile is for the next attempt.
        stream?.pauseBody()
        if headSent {
            worker.logUpstream(self, failure)
            callFailureHook(failure, generation)
            callUpstreamEnd(failure.reason == .timeout ? .timeout : .upstreamBroke)
            return breakOff(.upstreamBroke)
        }
        let mayResend = isReplayable
        if failure.wasReused, failure.isRetryable, mayResend, failure.reason == .broken {
            // A kept connection had ended meanwhile: once more on a new one, unseen by plugins.
            // Methods that are not idempotent may have been acted on (RFC 9112 §9.3.1).
            if isIdempotent || failure.phase == .connect {
                return resend()
            }
        }
        worker.logUpstream(self, failure)
        let retryable = failure.isRetryable && mayResend && !failure.wasReused
        let verdict = callFailureHook(failure, generation, isRetryable: retryable)
        callUpstreamEnd(failure.reason == .timeout ? .timeout : .upstreamBroke)
        phase = .chain
        answerBlock.reset()
        apply(verdict)
        runChain()
        stream?.flush()
    }

    /// The response broke off while routes decided about it: it cannot be copied any more.
    private func parkedFailed(_ failure: UpstreamFailure) {
        guard parked != nil else { return }
        parked = nil
        worker.logUpstream(self, failure)
        callUpstreamEnd(failure.reason == .timeout ? .timeout : .upstreamBroke)
    }

    var isIdempotent: Bool {
        switch Int32(callMethodID) {
        case GW_METHOD_GET, GW_METHOD_HEAD, GW_METHOD_OPTIONS, GW_METHOD_TRACE, GW_METHOD_PUT,
            GW_METHOD_DELETE:
            true
        default: false
        }
    }

    private func resend() {
        guard let upstreamPool else { return }
        answerBlock.reset()
        let call = upstreamPool.call(self, needsFresh: true)
        if phase == .upstream, upstream == nil { upstream = call }
    }

    @discardableResult
    private func callFailureHook(
        _ failure: UpstreamFailure, _ generation: Generation, isRetryable: Bool = false
    ) -> gw_verdict {
        let byDefault = gw_verdict(failure.reason == .timeout ? GW_E_TIMEOUT : GW_E_UPSTREAM)
        let visit = visited[upstreamHandler]
        let handler = generation.handlers + Int(visit.slot)
        runningHandler = upstreamHandler
        let flags =
            (isRetryable ? UInt32(GW_FAILURE_RETRYABLE) : 0)
            | (failure.wasReused ? UInt32(GW_FAILURE_REUSED) : 0)
        failedCall = FailedCall(
            phase: failure.phase.rawValue, flags: flags,
            message: gw_view(failure.message).bytes)
        guard let hook = handler.pointee.ops.on_upstream_failure else { return byDefault }
        var report = gw_failure()
        report.struct_size = UInt32(MemoryLayout<gw_failure>.size)
        report.rev = 1
        report.code = failure.reason.rawValue
        report.phase = failure.phase.rawValue
        report.flags = flags
        report.attempt = attempts
        report.message = gw_view(failure.message)
        attachment.pool = nil
        isInHook = true
        defer { isInHook = false }
        let verdict = hook(handler.pointee.instance, req, visit.state, &report)
        return verdict == gw_verdict(GW_NEXT) ? byDefault : verdict
    }

    /// Gives the call up. The upstream's connection is closed at once, unless a handler has chosen
    /// another answer for a client that waits.
    func giveUpUpstream() {
        parked = nil
        guard let upstream else { return }
        self.upstream = nil
        stream?.pauseBody()
        if stream != nil, !headSent { upstream.discard() } else { upstream.cancel() }
        callUpstreamEnd(.failed)
    }

    func callUpstreamEnd(_ outcome: Outcome) {
        guard let generation, upstreamHandler >= 0 else { return }
        let visit = visited[upstreamHandler]
        let handler = generation.handlers + Int(visit.slot)
        guard let hook = handler.pointee.ops.on_upstream_end else { return }
        var summary = self.summary(outcome)
        summary.duration_ns = worker.loop.now &- upstreamStartedAt
        hook(handler.pointee.instance, req, visit.state, &summary)
    }
}
