// The rest of a response that nobody wants any more.
import Base
import CGateway
import HTTP

/// Reads a short rest and drops it, so that the connection can carry the next call; what turns out
/// to be long ends the connection. Its connection owns it.
final class UnwantedResponse: UpstreamConsumer {
    private unowned(unsafe) let stream: UpstreamStream
    private var bytesLeft = Limits.unwantedResponseBytesMax

    init(_ stream: UpstreamStream) { self.stream = stream }

    override func upstreamBody(_ bytes: UnsafeRawBufferPointer) {
        bytesLeft -= bytes.count
        if bytesLeft < 0 { stream.cancel() }
    }

    override func upstreamEnded(trailers: UnsafePointer<gw_fields>?) {}
    override func upstreamFailed(_ failure: UpstreamFailure) {}
    override func upstreamDrained() {}
    override func upstreamFlush() {}
}
