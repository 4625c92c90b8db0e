// Where a message body ends (RFC 9112 §6.3), and counting one of known length.

/// How the end of a body is found.
package enum BodyFraming: Equatable, Sendable {
    case none
    /// Bytes.
    case length(UInt64)
    case chunked
    /// Responses only.
    case untilClose
}

/// Counts a body of known length down.
package struct LengthDecoder: Sendable {
    package private(set) var remaining: UInt64

    package init(length: UInt64) { remaining = length }

    package var isComplete: Bool { remaining == 0 }

    /// - Returns: How many of the next `count` bytes belong to the body.
    package mutating func take(_ count: Int) -> Int {
        let taken = min(remaining, UInt64(max(count, 0)))
        remaining -= taken
        return Int(taken)
    }
}
