// Long bodies between plain sockets, moved without being read.
import Base
import Transport

extension Exchange {
    /// Moves response bytes to the client; nil when a hook, TLS or chunked framing needs them.
    func spliceResponseBody(from link: Link, count: Int) -> Int? {
        guard phase == .upstream, parked == nil, !hooks.contains(.responseBody),
            let pipe = worker.splicePipe, let target = stream?.spliceTarget
        else { return nil }
        let moved = pipe.move(from: link, to: target, count: count, scratch: worker.readBuffer)
        if moved > 0 { responseBytes &+= UInt64(moved) }
        stream?.noteSpliced()
        if target.hasPendingOutput { upstream?.setReading(false) }
        return moved
    }

    /// Moves request bytes to the upstream; nil when they have to be read.
    func spliceRequestBody(from link: Link, count: Int, remaining: UInt64) -> Int? {
        guard phase == .upstream, !hooks.contains(.requestBody), let upstream,
            let pipe = worker.splicePipe, let target = upstream.spliceTarget
        else { return nil }
        let moved = pipe.move(from: link, to: target, count: count, scratch: worker.readBuffer)
        guard moved > 0 else { return moved }
        requestBytes &+= UInt64(moved)
        if target.hasPendingOutput { stream?.pauseBody() }
        upstream.noteSpliced(isLast: UInt64(moved) == remaining)
        return moved
    }
}
