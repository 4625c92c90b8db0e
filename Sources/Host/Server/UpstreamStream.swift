// The upstream's side of a call, whatever the protocol, and who consumes it.
import CGateway
import HTTP
import Transport

/// Whoever made an upstream call: an exchange, or a plugin through `gw.client`.
///
/// Called on the worker of the call. After `upstreamEnded` or `upstreamFailed` nothing more comes.
class UpstreamConsumer {
    /// A connection is ready, the consumer may send its head and body now.
    func upstreamReady(_ stream: UpstreamStream) { preconditionFailure("abstract") }
    /// An interim (1xx) response.
    func upstreamInterim(status: UInt16, fields: UnsafePointer<gw_fields>) {
        preconditionFailure("abstract")
    }
    /// The final head is in `responseBlock`'s response.
    func upstreamHead(_ stream: UpstreamStream, body: ResponseBody) {
        preconditionFailure("abstract")
    }
    /// A piece of the body. Views are valid during the call.
    func upstreamBody(_ bytes: UnsafeRawBufferPointer) { preconditionFailure("abstract") }
    /// The response is whole. `trailers` only when there were any.
    func upstreamEnded(trailers: UnsafePointer<gw_fields>?) { preconditionFailure("abstract") }
    func upstreamFailed(_ failure: UpstreamFailure) { preconditionFailure("abstract") }
    /// There is room again for the request body.
    func upstreamDrained() { preconditionFailure("abstract") }
    /// Moves body bytes from the upstream's socket straight to where they go. Nil when that cannot
    /// be done; else as `SplicePipe.move`.
    func upstreamSplice(from link: Link, count: Int) -> Int? { nil }
    /// The bytes that arrived together have all been handed over.
    func upstreamFlush() { preconditionFailure("abstract") }

    /// Where the head of the response is to be written.
    var responseBlock: MessageBlock { preconditionFailure("abstract") }
    var response: UnsafeMutablePointer<gw_res> { preconditionFailure("abstract") }
    /// Whether the request may be sent a second time when a kept connection turns out to be dead
    /// (RFC 9112 §9.3.1). For others such a connection is looked at before it is used.
    var isRepeatable: Bool { true }
    /// Method of the call, which decides whether a response has a body.
    var upstreamMethodID: UInt8 { preconditionFailure("abstract") }
}

/// A call on an upstream's connection. One thread owns it.
class UpstreamStream {
    /// Protocol of the response, once its head is there: 10, 11, 20.
    final var responseVersion: UInt8 = 11
    /// Sends the head and the first piece of the body together.
    func send(head: UnsafeRawBufferPointer, body: BodyPiece, framing: RequestFraming) {
        preconditionFailure("abstract")
    }
    func sendBody(_ bytes: UnsafeRawBufferPointer, isLast: Bool) { preconditionFailure("abstract") }
    func sendTrailers(_ trailers: UnsafePointer<gw_fields>) { preconditionFailure("abstract") }
    /// Where request body bytes may be written past the stream; nil when they may not.
    var spliceTarget: Link? { nil }
    /// Bytes were written past the stream.
    func noteSpliced(isLast: Bool) {}
    /// Stops and goes on reading the response.
    func setReading(_ isWanted: Bool) { preconditionFailure("abstract") }
    /// Gives the call up; the consumer hears nothing more.
    func cancel() { preconditionFailure("abstract") }
    /// The same for a response that is not wanted: a short one is read to its end, so that the
    /// connection can be used again.
    func discard() { cancel() }
    var isCongested: Bool { preconditionFailure("abstract") }
}

/// How a request body is delimited on its way to an upstream.
enum RequestFraming: Equatable {
    case none
    case length(UInt64)
    case chunked
}

/// Why a call ended before its response was whole.
struct UpstreamFailure: Error {
    enum Phase: UInt32 {
        case connect = 1
        case tls = 2
        case send = 3
        case head = 4
        case body = 5
    }

    enum Reason: Int32 {
        case timeout = -5
        case broken = -9
        case limit = -4
        case denied = -7
    }

    let phase: Phase
    let reason: Reason
    /// The upstream cannot have acted on the request.
    let isRetryable: Bool
    /// The connection had served a call before.
    let wasReused: Bool
    let message: StaticString
    /// More words, for failures that are not on the fast path (a certificate, a name).
    var detail: String = ""
}
