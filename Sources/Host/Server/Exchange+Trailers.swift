// Trailer fields on their way through the hooks, and the word that the server is about to stop.
import Base
import CGateway

extension Exchange {
    private typealias TrailersHook =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<gw_req>, UnsafeMutableRawPointer,
            UnsafeMutablePointer<gw_fields>
        ) -> gw_verdict

    /// Shows the request's trailers to the handlers that ask for them, in chain order.
    ///
    /// - Returns: False when one of them failed; the exchange goes another way then.
    func runRequestTrailersHooks(_ trailers: UnsafeMutablePointer<gw_fields>) -> Bool {
        guard hooks.contains(.requestTrailers), let generation else { return true }
        for index in 0..<visitedCount where !visited[index].leftRequest {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_request_trailers else { continue }
            let verdict = call(hook, handler, index, trailers)
            if verdict == GW_LEAVE { visited[index].leftRequest = true }
            guard verdict >= 0 else {
                runningHandler = index
                applyFailure(verdict)
                return false
            }
        }
        return true
    }

    /// Shows the response's trailers, in reverse order. The head is sent already, so a failure
    /// breaks the response off.
    func runResponseTrailersHooks(_ trailers: UnsafeMutablePointer<gw_fields>) -> Bool {
        guard hooks.contains(.responseTrailers), let generation else { return true }
        for index in (0..<visitedCount).reversed()
        where !visited[index].leftResponse && index != upstreamHandler {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_response_trailers else { continue }
            let verdict = call(hook, handler, index, trailers)
            if verdict == GW_LEAVE { visited[index].leftResponse = true }
            guard verdict >= 0 else {
                breakOff(.failed)
                return false
            }
        }
        return true
    }

    private func call(
        _ hook: TrailersHook, _ handler: UnsafeMutablePointer<HandlerSlot>, _ index: Int,
        _ trailers: UnsafeMutablePointer<gw_fields>
    ) -> gw_verdict {
        isInHook = true
        defer { isInHook = false }
        return hook(handler.pointee.instance, req, visited[index].state, trailers)
    }

    /// The server is about to stop: handlers may end their streams at a good place.
    func drain() {
        guard phase != .idle, phase != .done, let generation else { return }
        for index in (0..<visitedCount).reversed() {
            let handler = generation.handlers + Int(visited[index].slot)
            guard let hook = handler.pointee.ops.on_drain else { continue }
            isInHook = true
            hook(handler.pointee.instance, req, visited[index].state)
            isInHook = false
        }
        if phase == .answering { worker.schedulePump(self) }
    }
}
