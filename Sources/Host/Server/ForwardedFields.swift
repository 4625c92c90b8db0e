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
        if trusted, let known = FieldSection.get(fields, FieldID.xForwardedFor), !known.isEmpty {
            try set(fields, FieldID.xForwardedFor, known, ", ", peer)
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

    private static func set(
        _ fields: UnsafeMutablePointer<gw_fields>, _ id: UInt16,
        _ first: UnsafeBufferPointer<UInt8>, _ separator: StaticString,
        _ second: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        let count = first.count + separator.utf8CodeUnitCount + second.count
        guard count <= Limits.headBytesMax else { throw .noSpace }
        try withScratch(count) { (scratch) throws(FieldError) in
            var at = scratch
            for part in [first, UnsafeBufferPointer(start: separator.utf8Start, count: separator.utf8CodeUnitCount), second] {
                guard let start = part.baseAddress else { continue }
                at.update(from: start, count: part.count)
                at += part.count
            }
            try FieldSection.set(fields, id, UnsafeBufferPointer(start: scratch, count: count))
        }
    }

    private static func withScratch(
        _ count: Int, _ body: (UnsafeMutablePointer<UInt8>) throws(FieldError) -> Void
    ) throws(FieldError) {
        let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, count))
        defer { scratch.deallocate() }
        try body(scratch)
    }

    /// Appends this hop (RFC 9110 §7.6.3): protocol of the message as it was received, and who.
    static func addVia(to fields: UnsafeMutablePointer<gw_fields>, version: UInt8)
        throws(FieldError)
    {
        let text: StaticString = switch version {
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
