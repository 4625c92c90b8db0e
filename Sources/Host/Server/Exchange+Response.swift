// The response: through the response hooks to the client.
import Base
import CGateway
import HTTP
import Routing
import Transport

extension Exchange {
    // MARK: Head

    /// Runs the response hooks and hands the head to the client's stream, which may hold it until
    /// the first body piece.
    ///
    /// - Parameter exceptHandler: Index of the handler that gave the response; it is not asked.
    func sendHead(_ body: ResponseBody, exceptHandler: Int) {
        if hooks.contains(.response) {
            guard runResponseHooks(exceptHandler) else { return }
        }
        guard let stream else { return }
        headSent = true
        statusSent = res.pointee.status
        firstByteAt = worker.loop.now
        context.response = res
        responseFraming = framing(body)
        stream.sendHead(res, body: responseFraming)
    }

    /// What the client gets: nothing for HEAD, 204 and 304; unknown length when hooks may change it.
    private func framing(_ body: ResponseBody) -> ResponseBody {
        let status = res.pointee.status
        if req.pointee.method_id == UInt8(GW_METHOD_HEAD) || status == 204 || status == 304 {
            return .none
        }
        if hooks.contains(.responseBodyChange), body != .none { return .unknownLength }
        return body == .none ? .length(0) : body
    }

    /// False when a hook failed and the exchange went another way.
    private func runResponseHooks(_ exceptHandler: Int) -> Bool {
        guard let generation else { return false }
        // Messages name the handler that runs; the one that answers comes back afterwards.
        let answering = runningHandler
        defer { runningHandler = answering }
        var index = visitedCount - 1
        while index >= 0 {
            defer { index -= 1 }
            if index == exceptHandler { continue }
            runningHandler = index
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_response else { continue }
            isInHook = true
            let verdict = hook(handler.pointee.instance, req, visited[index].state, res)
            isInHook = false
            if verdict == gw_verdict(GW_LEAVE) { leaveResponse(index) }
            if verdict < 0 {
                let status = failure.status != 0 ? failure.status : Exchange.status(for: verdict)
                failResponse(status)
                return false
            }
        }
        return true
    }

    /// A response hook failed: the client gets a bare answer, without another round of hooks.
    private func failResponse(_ status: UInt16) {
        giveUpUpstream()
        failure = PendingFailure()
        hooks.remove(.response)
        finishWithStatus(status)
    }

    // MARK: Body

    /// A piece of the response body on its way to the client.
    ///
    /// - Parameter endsStream: False when trailers follow the last piece.
    func sendBodyPiece(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, endsStream: Bool = true
    ) {
        guard let stream, headSent else { return }
        if hooks.contains(.responseBody), responseFraming != .none {
            guard let piece = runResponseBodyHooks(bytes, isLast: isLast) else {
                giveUpUpstream()
                return breakOff(.failed)
            }
            responseBytes &+= UInt64(piece.count)
            stream.sendBody(piece, isLast: isLast && endsStream)
        } else {
            responseBytes &+= UInt64(bytes.count)
            stream.sendBody(bytes, isLast: isLast && endsStream)
        }
    }

    private func runResponseBodyHooks(_ bytes: UnsafeRawBufferPointer, isLast: Bool)
        -> UnsafeRawBufferPointer?
    {
        guard let generation else { return nil }
        let running = runningHandler
        defer { runningHandler = running }
        var piece = bytes
        var index = visitedCount - 1
        while index >= 0 {
            defer { index -= 1 }
            guard !visited[index].leftResponse, index != upstreamHandler else { continue }
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_response_body else { continue }
            runningHandler = index
            let verdict = callBodyHook(hook, handler, index, piece, isLast)
            guard handler.pointee.hooks.contains(.responseBodyChange) || hasOnlyLooked(verdict)
            else { return nil }
            switch verdict {
            case gw_verdict(GW_NEXT): piece = keepEmitted(before: piece, in: index)
            case gw_verdict(GW_LEAVE):
                leaveResponse(index)
                piece = keepEmitted(before: piece, in: index)
            case gw_verdict(GW_TAKE):
                piece = keepEmitted(
                    before: UnsafeRawBufferPointer(start: nil, count: 0), in: index)
            default: return nil
            }
        }
        return piece
    }

    /// The upstream's response is whole: ends the client's.
    func finishBody(trailers: UnsafePointer<gw_fields>?) {
        if let trailers {
            guard runResponseTrailersHooks(worker.trailers.section) else { return }
            if hooks.contains(.responseBody), responseFraming != .none {
                sendBodyPiece(.empty, isLast: true, endsStream: false)
                guard phase == .upstream else { return }
            }
            stream?.sendTrailers(trailers)
        } else {
            sendBodyPiece(.empty, isLast: true)
            guard phase == .upstream else { return }
        }
        responseEnded = true
        end(.complete)
    }
}
