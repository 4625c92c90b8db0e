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
        case .upstream: forward(bytes, isLast: isLast, trailers: trailers)
        case .idle, .chain, .waiting, .answering, .done: break
        }
    }

    // MARK: Collecting

    func beginCollecting() {
        guard runningHandler >= 0, let generation else { return raise(status: 500) }
        let handler = generation.handlers + Int(visited[runningHandler].slot)
        guard handler.pointee.ops.on_request_body != nil else {
            worker.logContract(self, "collects a body without on_request_body")
            return raise(status: 500)
        }
        collectLimit = site?.collectBytesMax ?? Limits.collectBytesMax
        if req.pointee.body_length != UInt64.max, req.pointee.body_length > UInt64(collectLimit) {
            return raise(status: 413)
        }
        phase = .collecting
        if hasCollected || req.pointee.body_length == 0 || stream?.isBodyComplete == true {
            return finishCollecting()
        }
        sendContinue()
        stream?.readBody()
    }

    /// The handler wants the body, so a client that asked for permission gets it
    /// (RFC 9110 §10.1.1).
    func sendContinue() {
        guard req.pointee.flags & UInt32(GW_REQ_EXPECT_CONTINUE) != 0 else { return }
        req.pointee.flags &= ~UInt32(GW_REQ_EXPECT_CONTINUE)
        stream?.sendInterim(status: 100, fields: nil)
    }

    private func collect(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        guard collected.count + bytes.count <= collectLimit else {
            stream?.pauseBody()
            raise(status: 413)
            return runChain()
        }
        collected.append(bytes)
        guard isLast else { return }
        finishCollecting()
        runChain()
    }

    private func finishCollecting() {
        hasCollected = true
        guard let generation else { return }
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
        upstreamBodySent = true
        guard hooks.contains(.requestBody) else {
            if isLast, let trailers {
                if bytes.count > 0 { upstream.sendBody(bytes, isLast: false) }
                upstream.sendTrailers(trailers)
            } else {
                upstream.sendBody(bytes, isLast: isLast)
            }
            if upstream.isCongested { stream?.pauseBody() }
            return
        }
        guard let piece = runRequestBodyHooks(bytes, isLast: isLast) else { return runChain() }
        upstream.sendBody(piece, isLast: isLast)
        if upstream.isCongested { stream?.pauseBody() }
    }

    /// Gives the bytes that the hooks leave over; nil when one of them failed.
    func runRequestBodyHooks(_ bytes: UnsafeRawBufferPointer, isLast: Bool)
        -> UnsafeRawBufferPointer?
    {
        guard let generation else { return nil }
        var piece = bytes
        for index in 0..<visitedCount where !visited[index].leftRequest {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_request_body else { continue }
            let verdict = callBodyHook(hook, handler, index, piece, isLast)
            switch verdict {
            case gw_verdict(GW_NEXT): piece = keepEmitted(before: piece, in: index)
            case gw_verdict(GW_LEAVE):
                visited[index].leftRequest = true
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
        return piece
    }

    typealias BodyHook = @convention(c) (
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
        defer { isInHook = false }
        return hook(handler.pointee.instance, req, visited[index].state, &chunk)
    }

    /// What a hook emitted goes before the piece; both are put together in the arena.
    func keepEmitted(before piece: UnsafeRawBufferPointer, in index: Int) -> UnsafeRawBufferPointer {
        guard !emitted.isEmpty else { return piece }
        emitted.append(piece)
        // Hooks further on use `emitted` too, so the bytes move to a buffer of their own.
        swap(&emitted, &worker.hookScratch)
        return worker.hookScratch.bytes
    }
}
