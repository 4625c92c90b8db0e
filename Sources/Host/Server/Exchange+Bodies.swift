// The request body: to a handler that collects it, through the hooks, to the upstream.
import Base
import CGateway
import HTTP

extension Exchange {
    // MARK: From the client

    /// A piece of the request body, in order; views are valid during the call.
    func requestBody(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, trailers: UnsafePointer<gw_fields>?
    ) {
        requestBytes &+= UInt64(bytes.count)
        switch phase {
        case .collecting: collect(bytes, isLast: isLast)
        case .holding: hold(bytes, isLast: isLast)
        case .upstream: forward(bytes, isLast: isLast, trailers: trailers)
        case .idle, .chain, .waiting, .answering, .done: break
        }
    }

    // MARK: Collecting

    func beginCollecting() {
        guard hasBodyHook else { return raise(status: 500) }
        collectLimit = site?.collectBytesMax ?? Limits.collectBytesMax
        if req.pointee.body_length != UInt64.max, req.pointee.body_length > UInt64(collectLimit) {
            return raise(status: 413)
        }
        phase = .collecting
        if hasCollected || req.pointee.body_length == 0 || stream?.isBodyComplete == true {
            return finishCollecting()
        }
        guard passKeptBody(before: runningHandler) else { return }
        keptFor = max(keptFor, runningHandler - 1)
        sendContinue()
        stream?.readBody()
    }

    /// Whether the running handler has a hook for the body that it asks for.
    var hasBodyHook: Bool {
        guard runningHandler >= 0, let generation else { return false }
        let handler = generation.handlers + Int(visited[runningHandler].slot)
        if handler.pointee.ops.on_request_body != nil { return true }
        worker.logContract(self, "wants a body without on_request_body")
        return false
    }

    /// The handler wants the body, so a client that asked for permission gets it
    /// (RFC 9110 §10.1.1).
    func sendContinue() {
        guard req.pointee.flags & UInt32(GW_REQ_EXPECT_CONTINUE) != 0 else { return }
        req.pointee.flags &= ~UInt32(GW_REQ_EXPECT_CONTINUE)
        stream?.sendInterim(status: 100, fields: nil)
    }

    private func collect(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        var bytes = bytes
        if hooks.contains(.requestBody) {
            // Handlers before the one that collects see the body on its way to it.
            let left = runRequestBodyHooks(bytes, isLast: isLast, of: 0..<runningHandler)
            guard let left else { return runChain() }
            bytes = left
        }
        guard keep(bytes) else { return runChain() }
        guard isLast else { return }
        finishCollecting()
        runChain()
    }

    /// Adds to what is kept of the body; above the limit the request fails.
    func keep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard collected.count + bytes.count <= collectLimit else {
            stream?.pauseBody()
            raise(status: 413)
            return false
        }
        collected.append(bytes)
        return true
    }

    private func finishCollecting() {
        hasCollected = true
        guard passKeptBody(before: runningHandler), let generation else { return }
        keptFor = max(keptFor, runningHandler)
        let visit = visited[runningHandler]
        let handler = generation.handlers + Int(visit.slot)
        guard let hook = handler.pointee.ops.on_request_body else { return }
        var chunk = gw_chunk()
        chunk.struct_size = UInt32(MemoryLayout<gw_chunk>.size)
        chunk.rev = 1
        chunk.data = gw_view(collected.bytes)
        chunk.flags = UInt32(GW_CHUNK_END)
        phase = .chain
        isInHook = true
        let verdict = hook(handler.pointee.instance, req, visit.state, &chunk)
        isInHook = false
        visited[runningHandler].leftRequest = true
        if verdict == gw_verdict(GW_COLLECT) || verdict == gw_verdict(GW_HOLD) {
            worker.logContract(self, "collects a body twice")
            return raise(status: 500)
        }
        apply(verdict)
    }

    // MARK: Through the hooks to the upstream

    private func forward(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, trailers: UnsafePointer<gw_fields>?
    ) {
        guard let upstream else { return }
        var piece = bytes
        if hooks.contains(.requestBody) {
            guard let left = runRequestBodyHooks(bytes, isLast: isLast, of: 0..<visitedCount)
            else {
                return runChain()
            }
            piece = left
        }
        if isLast, let trailers {
            guard runRequestTrailersHooks(worker.trailers.section) else { return runChain() }
            if piece.count > 0 { upstream.sendBody(piece, isLast: false) }
            upstream.sendTrailers(trailers)
        } else {
            upstream.sendBody(piece, isLast: isLast)
        }
        if upstream.isCongested { stream?.pauseBody() }
    }

    /// Gives the bytes that the hooks leave over; nil when one of them failed.
    ///
    /// - Parameter indices: Those of the visited handlers that are asked.
    func runRequestBodyHooks(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, of indices: Range<Int>
    ) -> UnsafeRawBufferPointer? {
        guard let generation else { return nil }
        // Messages and errors name the handler that runs; the one before comes back afterwards.
        let running = runningHandler
        var piece = bytes
        for index in indices where !visited[index].leftRequest {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_request_body else { continue }
            runningHandler = index
            var verdict = callBodyHook(hook, handler, index, piece, isLast)
            if !handler.pointee.hooks.contains(.requestBodyChange), !hasOnlyLooked(verdict) {
                verdict = gw_verdict(GW_E_INTERNAL)
            }
            switch verdict {
            case gw_verdict(GW_NEXT): piece = keepEmitted(before: piece, in: index)
            case gw_verdict(GW_LEAVE):
                leaveRequest(index)
                piece = keepEmitted(before: piece, in: index)
            case gw_verdict(GW_TAKE):
                piece = keepEmitted(
                    before: UnsafeRawBufferPointer(start: nil, count: 0), in: index)
            default:
                stream?.pauseBody()
                applyFailure(verdict < 0 ? verdict : gw_verdict(GW_E_INTERNAL))
                return nil
            }
        }
        runningHandler = running
        return piece
    }

    typealias BodyHook =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<gw_req>, UnsafeMutableRawPointer,
            UnsafePointer<gw_chunk>
        ) -> gw_verdict

    func callBodyHook(
        _ hook: BodyHook, _ handler: UnsafeMutablePointer<HandlerSlot>, _ index: Int,
        _ piece: UnsafeRawBufferPointer, _ isLast: Bool
    ) -> gw_verdict {
        var chunk = gw_chunk()
        chunk.struct_size = UInt32(MemoryLayout<gw_chunk>.size)
        chunk.rev = 1
        chunk.data = gw_view(piece)
        chunk.flags = isLast ? UInt32(GW_CHUNK_END) : 0
        emitted.removeAll(keepingBytesMax: Limits.bufferedBytesMax)
        isInHook = true
        isInBodyHook = true
        defer {
            isInHook = false
            isInBodyHook = false
        }
        if worker.isChecking { return callChecked(hook, handler, index, &chunk) }
        return hook(handler.pointee.instance, req, visited[index].state, &chunk)
    }

    /// Whether a hook of a module that says so changed nothing; otherwise the body's length would
    /// be a lie, so the exchange fails. A negative verdict is an answer like any other.
    func hasOnlyLooked(_ verdict: gw_verdict) -> Bool {
        if emitted.isEmpty, verdict != gw_verdict(GW_TAKE) { return true }
        worker.logContract(self, "changed a body that its module only observes")
        return false
    }

    /// What a hook emitted goes before the piece; both are put together in the arena.
    func keepEmitted(before piece: UnsafeRawBufferPointer, in index: Int) -> UnsafeRawBufferPointer
    {
        guard !emitted.isEmpty else { return piece }
        emitted.append(piece)
        // Hooks further on use `emitted` too, so the bytes move to a buffer of their own.
        swap(&emitted, &worker.hookScratch)
        return worker.hookScratch.bytes
    }
}
