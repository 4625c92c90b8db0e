// Responses as they come in: heads, interim ones, bodies.
import Base
import CGateway
import HTTP
import Transport

extension H1UpstreamConnection {
    // MARK: Events

    func ready(_ events: Readiness) {
        switch state {
        case .connecting: finishConnecting()
        case .handshaking: continueHandshake()
        case .active: activeReady(events)
        case .idle: close()
        case .resolving, .closed: break
        }
    }

    func activeReady(_ events: Readiness) {
        guard let link else { return }
        if events.contains(.writable) { drainOutput(link) }
        guard state == .active else { return }
        if events.contains(.readable), link.isReading || link.tls != nil {
            receive(link)
        } else if !events.isDisjoint(with: .hangup), !link.isReading {
            // Reading is paused and the upstream has left: what it sent is still to be read.
            if events.rawValue & Readiness.broken.rawValue != 0 {
                receive(link)
            } else {
                link.ignoreLeaving()
            }
        }
    }

    func drainOutput(_ link: Link) {
        let waiting = link.output.count
        link.flush()
        if link.isBroken { return outputBroke() }
        if link.output.count < waiting { requestMoved(link) }
        if !link.hasPendingOutput { consumer?.upstreamDrained() }
    }

    func receive(_ link: Link) {
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
    func spliceBody(_ link: Link) -> Bool {
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
    func deliver(_ bytes: UnsafeRawBufferPointer) {
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

    func decodeInput() {
        guard !input.isEmpty else { return }
        let used = decode(input.bytes)
        if state == .active || state == .idle { input.consume(used) }
        if !input.isEmpty || link?.hasBufferedInput == true { closeWhenIdle() }
    }

    /// Bytes behind the end of a response belong to nobody: the next call must not take them for
    /// its own.
    func closeWhenIdle() {
        if state == .idle { close() }
    }

    /// Decodes as much as there is; gives the bytes used. State may have changed after it.
    func decode(_ bytes: UnsafeRawBufferPointer) -> Int {
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

    func decodeHead(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        guard let consumer, let base = bytes.bindMemory(to: UInt8.self).baseAddress else {
            return 0
        }
        var head = ResponseHead()
        let limits = HeadLimits(
            startLineBytesMax: Limits.requestLineBytesMax,
            headBytesMax: pool.shared.spec.headBytesMax)
        guard
            try parser.parse(
                base, count: bytes.count, requestMethodID: consumer.upstreamMethodID,
                limits: limits,
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

    func beginBody(_ head: ResponseHead, _ response: UnsafeMutablePointer<gw_res>) {
        body.begin(head.framing)
        switch head.framing {
        case .none:
            response.pointee.flags = UInt32(GW_RES_BODY_NONE)
            response.pointee.body_length = head.declaredLength ?? UInt64.max
        case .length(let length): response.pointee.body_length = length
        case .chunked, .untilClose: response.pointee.body_length = UInt64.max
        }
    }

    func responseBody(_ head: ResponseHead) -> ResponseBody {
        switch head.framing {
        case .none: .none
        case .length(let length): .length(length)
        case .chunked, .untilClose: .unknownLength
        }
    }

    func decodeBody(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
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

    func finishResponse(trailers: UnsafePointer<gw_fields>?) {
        let consumer = self.consumer
        let isReusable =
            keepsAlive && !mustClose && requestIsSent && link?.isBroken == false
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
}
