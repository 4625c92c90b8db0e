// Access records of requests that were refused before they became an exchange.
import Base
import HTTP
import Logging
import Transport

/// A message that could not be read as a request: what its first line lets one guess. Borrowed.
struct RefusedRequest {
    let method: UnsafeRawBufferPointer
    let target: UnsafeRawBufferPointer
    let version: UnsafeRawBufferPointer

    /// - Parameter bytes: From the first byte of the message on, perhaps not up to a line's end.
    ///   What has not the form of a request line (RFC 9112 §3) is shown as target as a whole.
    init(_ bytes: UnsafeRawBufferPointer) {
        let end = bytes.firstIndex { $0 == 13 || $0 == 10 } ?? bytes.count
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<min(end, Limits.refusedLineBytesMax)])
        let nothing = UnsafeRawBufferPointer(rebasing: line[..<0])
        guard let first = line.firstIndex(of: 32), let last = line.lastIndex(of: 32), first < last
        else {
            (method, target, version) = (nothing, line, nothing)
            return
        }
        method = UnsafeRawBufferPointer(rebasing: line[..<first])
        target = UnsafeRawBufferPointer(rebasing: line[(first + 1)..<last])
        version = UnsafeRawBufferPointer(rebasing: line[(last + 1)...])
    }
}

extension AccessLog {
    /// The host is not known, so the server's own logger gets the record.
    func write(
        _ refused: RefusedRequest, on connection: H1ServerConnection, status: UInt16, since: UInt64
    ) {
        let worker = connection.worker
        guard let logger = byDefault, logger.isEnabled(status >= 500 ? .error : .info) else {
            return
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let outcome = AccessOutcome(
            bytesRead: 0, userID: nothing,
            durationNanoseconds: Int64(clamping: worker.loop.now &- since), size: 0, status: status)
        let request = AccessRequest(
            remoteIP: connection.peerText, remotePort: connection.peer.port,
            clientIP: connection.peerText, httpVersion: refused.version, method: refused.method,
            host: nothing, uri: refused.target,
            tls: connection.tlsSession.map { AccessTLS($0, connection.tlsInfo) })
        let record = worker.logProducer.beginRecord(
            outcome.level, LogRecord.accessMessage, time: worker.wallNanoseconds)
        record.beginRequest(request)
        record.endRequest(request)
        record.beginResponse(outcome)
        record.endResponse()
        record.field("outcome", "refused")
        worker.logProducer.endRecord(to: logger)
    }
}
