import CGateway
// The client's side of an exchange, whatever the protocol.
import HTTP
import Transport

/// One request and its response on a client's connection: what an exchange asks of a codec.
///
/// HTTP/1 has one per connection, HTTP/2 will have many. A codec calls the exchange's
/// `requestBody`, `clientGone` and `outputDrained`. All on the connection's worker; nothing here
/// calls the exchange back before it returns.
class ServerStream {
    /// Starts, or goes on, to deliver the request body; nothing is delivered before the first call.
    func readBody() { preconditionFailure("abstract") }
    func pauseBody() { preconditionFailure("abstract") }

    /// Body bytes that are here already, at most one piece, without a call back. The view is valid
    /// until the codec reads again.
    func takeBufferedBody() -> BodyPiece { preconditionFailure("abstract") }

    /// An interim (1xx) response.
    func sendInterim(status: UInt16, fields: UnsafePointer<gw_fields>?) {
        preconditionFailure("abstract")
    }

    /// The final response head. It may be held until the first body piece or `flush`.
    func sendHead(_ response: UnsafePointer<gw_res>, body: ResponseBody) {
        preconditionFailure("abstract")
    }

    /// A piece of the body; `isLast` ends it.
    func sendBody(_ bytes: UnsafeRawBufferPointer, isLast: Bool) { preconditionFailure("abstract") }

    /// The end of the body with trailer fields.
    func sendTrailers(_ trailers: UnsafePointer<gw_fields>) { preconditionFailure("abstract") }

    /// Sends what was held.
    func flush() { preconditionFailure("abstract") }

    /// Ends the stream so that the client can tell that the response is not whole.
    func abort() { preconditionFailure("abstract") }

    /// The exchange has finished with the stream: its response was handed over as a whole.
    func finish() { preconditionFailure("abstract") }

    /// Where response body bytes may be written past the stream; nil when they may not.
    var spliceTarget: Link? { nil }

    /// Bytes were written past the stream.
    func noteSpliced() {}

    /// More output waits than should.
    var isCongested: Bool { preconditionFailure("abstract") }

    /// Whether the whole request body has been received.
    var isBodyComplete: Bool { preconditionFailure("abstract") }
}

/// A piece of a body and whether it is the last one.
struct BodyPiece {
    var bytes: UnsafeRawBufferPointer
    var isLast: Bool

    static var empty: BodyPiece {
        BodyPiece(bytes: UnsafeRawBufferPointer(start: nil, count: 0), isLast: false)
    }
}

/// How much body a response will have.
enum ResponseBody: Equatable {
    /// None at all, whatever the fields say: an answer to HEAD, 204 or 304.
    case none
    case length(UInt64)
    case unknownLength
}
