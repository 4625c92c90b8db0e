// Finds the end of a message head in a buffer that fills piece by piece.
import Base

/// Bounds of one head, in bytes. A configuration may lower or raise them.
package struct HeadLimits: Sendable {
    package var startLineBytesMax: Int
    package var headBytesMax: Int

    package init(startLineBytesMax: Int, headBytesMax: Int) {
        self.startLineBytesMax = startLineBytesMax
        self.headBytesMax = headBytesMax
    }

    package static let request = HeadLimits(
        startLineBytesMax: Limits.requestLineBytesMax, headBytesMax: Limits.headBytesMax)
    package static let response = HeadLimits(
        startLineBytesMax: Limits.responseHeadBytesMax, headBytesMax: Limits.responseHeadBytesMax)
}

/// Remembers how far a head was searched, so that a head which comes octet by octet costs no more
/// than one that comes whole. Line feeds without carriage return are refused as they appear:
/// such a head might never end.
package struct HeadScanner {
    private var searched = 0
    private var lineStart = 0
    private var hasStartLine = false

    package init() {}

    /// - Parameters:
    ///   - bytes: The head from its first octet on; the same octets as last time and more.
    ///   - skipsEmptyLine: Whether one empty line before the start line is all right, which it is
    ///     for requests (RFC 9112 §2.2).
    /// - Returns: Size of the head with the empty line that ends it, nil when more is needed.
    package mutating func scan(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, limits: HeadLimits, skipsEmptyLine: Bool
    ) throws(HTTPError) -> Int? {
        while true {
            let lineFeed = findLineFeed(bytes, searched, count)
            if lineFeed == count {
                searched = count
                try checkPartialLine(bytes, count, limits)
                return nil
            }
            guard lineFeed > lineStart && bytes[lineFeed - 1] == Byte.carriageReturn else {
                throw .bareLineFeed
            }
            searched = lineFeed + 1
            let isEmpty = lineFeed - 1 == lineStart
            if !hasStartLine && isEmpty {
                guard skipsEmptyLine && lineStart == 0 else { throw .requestLineInvalid }
                lineStart = searched
                continue
            }
            try checkLine(bytes, limits)
            if isEmpty { return searched }
            lineStart = searched
        }
    }

    private mutating func checkLine(
        _ bytes: UnsafePointer<UInt8>, _ limits: HeadLimits
    ) throws(HTTPError) {
        if !hasStartLine {
            try checkStartLine(bytes, searched, limits)
            hasStartLine = true
        }
        guard searched <= limits.headBytesMax else { throw .headTooLarge }
    }

    private func checkPartialLine(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ limits: HeadLimits
    ) throws(HTTPError) {
        if !hasStartLine && count > lineStart { try checkStartLine(bytes, count, limits) }
        guard count <= limits.headBytesMax else { throw .headTooLarge }
    }

    /// The first octet is looked at early: other protocols on this port (TLS, for one) may never
    /// send a line feed.
    private func checkStartLine(
        _ bytes: UnsafePointer<UInt8>, _ end: Int, _ limits: HeadLimits
    ) throws(HTTPError) {
        guard end - lineStart <= limits.startLineBytesMax else { throw .targetTooLong }
        let first = bytes[lineStart]
        guard first == Byte.carriageReturn || ByteClass.table[Int(first)] & ByteClass.token != 0
        else { throw .requestLineInvalid }
    }
}
