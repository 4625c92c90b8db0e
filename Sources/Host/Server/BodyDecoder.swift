// One HTTP/1 message body as it arrives, however it is delimited (RFC 9112 §6).
import CGateway
import HTTP

/// What one look at the input gave.
struct BodyStep {
    /// Body bytes inside the input; may be empty.
    var data: UnsafeRawBufferPointer
    /// Bytes of the input that were used, framing included.
    var used: Int
    var isEnd: Bool
}

/// Resumable at every byte. One thread owns it.
struct BodyDecoder: ~Copyable {
    enum Kind {
        /// No body has begun.
        case none
        case length
        case chunked
        case untilClose
        case complete
    }

    private(set) var kind = Kind.none
    private var length = LengthDecoder(length: 0)
    private var chunked = ChunkedDecoder()

    mutating func begin(_ framing: BodyFraming) {
        switch framing {
        case .none: kind = .complete
        case .length(let count):
            kind = count == 0 ? .complete : .length
            length = LengthDecoder(length: count)
        case .chunked:
            kind = .chunked
            chunked = ChunkedDecoder()
        case .untilClose: kind = .untilClose
        }
    }

    mutating func reset() { kind = .none }

    var isComplete: Bool { kind == .complete }

    /// Bytes of a body of known length that are still to come; nil for the others.
    var remaining: UInt64? { kind == .length ? length.remaining : nil }

    /// Counts bytes that were moved without being looked at; only for bodies of known length.
    mutating func skip(_ count: Int) {
        _ = length.take(count)
        if length.isComplete { kind = .complete }
    }

    /// Takes the next piece out of the input. `used` 0 with no data means that more is needed.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> BodyStep {
        switch kind {
        case .none, .complete:
            return BodyStep(
                data: UnsafeRawBufferPointer(start: nil, count: 0), used: 0, isEnd: true)
        case .untilClose:
            return BodyStep(data: bytes, used: bytes.count, isEnd: false)
        case .length:
            let count = length.take(bytes.count)
            if length.isComplete { kind = .complete }
            return BodyStep(
                data: UnsafeRawBufferPointer(rebasing: bytes[..<count]), used: count,
                isEnd: kind == .complete)
        case .chunked: return try takeChunked(bytes)
        }
    }

    private mutating func takeChunked(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> BodyStep
    {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else {
            return BodyStep(data: bytes, used: 0, isEnd: false)
        }
        var at = 0
        switch try chunked.next(base, &at, bytes.count) {
        case .needMore:
            return BodyStep(
                data: UnsafeRawBufferPointer(start: nil, count: 0), used: at, isEnd: false)
        case .data(let start, let count):
            let data = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
            return BodyStep(data: data, used: at, isEnd: false)
        case .end:
            kind = .complete
            return BodyStep(
                data: UnsafeRawBufferPointer(start: nil, count: 0), used: at, isEnd: true)
        }
    }

    var hasTrailers: Bool { kind == .complete && chunked.hasTrailers }

    func copyTrailers(to section: UnsafeMutablePointer<gw_fields>) throws(FieldError) {
        try chunked.copyTrailers(to: section)
    }
}
