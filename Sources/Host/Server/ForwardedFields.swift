// What an upstream is told about the client: X-Forwarded-For, -Proto, -Host, and Via.
import Base
import CGateway
import HTTP

enum ForwardedFields {
    /// Sets the three fields; what strangers sent is replaced, what a trusted peer sent is kept and
    /// X-Forwarded-For appended to.
    static func add(_ exchange: Exchange, trusted: Bool) throws(FieldError) {
        let fields = exchange.outgoing
        let peer = exchange.text(exchange.req.pointee.remote_ip)
        if trusted, let first = FieldSection.index(fields, of: FieldID.xForwardedFor) {
            if FieldSection.index(fields, of: FieldID.xForwardedFor, from: first + 1) != nil {
                // Several lines are one list (RFC 9110 §5.3); another line goes on with it.
                try FieldSection.add(fields, FieldID.xForwardedFor, peer)
            } else {
                try append(peer, to: FieldSection.value(fields, at: first), of: exchange)
            }
        } else {
            try FieldSection.set(fields, FieldID.xForwardedFor, peer)
        }
        if !trusted || FieldSection.get(fields, FieldID.xForwardedProto) == nil {
            let isTLS = exchange.req.pointee.flags & UInt32(GW_REQ_TLS) != 0
            try (isTLS ? "https" : "http" as StaticString).withBytes { (bytes) throws(FieldError) in
                try FieldSection.set(fields, FieldID.xForwardedProto, bytes)
            }
        }
        if !trusted || FieldSection.get(fields, FieldID.xForwardedHost) == nil {
            let host = exchange.text(exchange.req.pointee.host)
            if host.isEmpty {
                try? FieldSection.remove(fields, FieldID.xForwardedHost)
            } else {
                try FieldSection.set(fields, FieldID.xForwardedHost, host)
            }
        }
    }

    /// Appends the peer to the addresses that a trusted one gave.
    private static func append(
        _ peer: UnsafeBufferPointer<UInt8>, to known: UnsafeBufferPointer<UInt8>,
        of exchange: Exchange
    ) throws(FieldError) {
        let separator: StaticString = known.isEmpty ? "" : ", "
        let count = known.count + separator.utf8CodeUnitCount + peer.count
        guard count <= Limits.headBytesMax, let list = exchange.arena.allocate(count) else {
            throw .noSpace
        }
        let memory = UnsafeMutableRawBufferPointer(start: list, count: count)
        memory.copyBytes(from: known)
        UnsafeMutableRawBufferPointer(rebasing: memory[known.count...]).copyMemory(
            from: UnsafeRawBufferPointer(
                start: separator.utf8Start, count: separator.utf8CodeUnitCount))
        UnsafeMutableRawBufferPointer(rebasing: memory[(count - peer.count)...]).copyBytes(
            from: peer)
        try FieldSection.set(
            exchange.outgoing, FieldID.xForwardedFor,
            UnsafeBufferPointer(
                start: list.assumingMemoryBound(to: UInt8.self), count: count))
    }

    /// Appends this hop (RFC 9110 §7.6.3): protocol of the message as it was received, and who.
    static func addVia(to fields: UnsafeMutablePointer<gw_fields>, version: UInt8)
        throws(FieldError)
    {
        let text: StaticString =
            switch version {
            case 10: "1.0 gatewright"
            case 20: "2.0 gatewright"
            case 30: "3.0 gatewright"
            default: "1.1 gatewright"
            }
        try text.withBytes { (bytes) throws(FieldError) in
            try FieldSection.add(fields, FieldID.via, bytes)
        }
    }
}

extension StaticString {
    /// The text as bytes that live forever.
    @inline(__always)
    func withBytes<Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        try body(UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount))
    }
}
