// The one reading of a request's path that every path matcher uses.
import Base
import CGateway

/// A path with its escapes decoded, its dot segments resolved and, unless a pattern wants them,
/// its doubled slashes merged. Bytes live in the exchange's arena.
struct NormalizedPath {
    /// Decoded; letters keep their case.
    var bytes = Bytes.empty
    /// One byte for each of `bytes`: 1 where it was percent-encoded. Empty when the slashes that
    /// were encoded count as slashes.
    var escaped = Bytes.empty
}

/// How to read a path.
struct PathReading: Equatable {
    /// `//` means `/`.
    var mergesSlashes: Bool
    /// `%2f` stays an ordinary character of its segment, and `escaped` tells it apart.
    var keepsEscapedSlashes: Bool
}

/// The readings that the current uri was asked for. Forgotten when the uri changes.
struct PathCache {
    private var paths = (
        NormalizedPath?.none, NormalizedPath?.none, NormalizedPath?.none,
        NormalizedPath?.none
    )

    subscript(reading: PathReading) -> NormalizedPath? {
        get {
            switch (reading.mergesSlashes, reading.keepsEscapedSlashes) {
            case (true, false): paths.0
            case (false, false): paths.1
            case (true, true): paths.2
            case (false, true): paths.3
            }
        }
        set {
            switch (reading.mergesSlashes, reading.keepsEscapedSlashes) {
            case (true, false): paths.0 = newValue
            case (false, false): paths.1 = newValue
            case (true, true): paths.2 = newValue
            case (false, true): paths.3 = newValue
            }
        }
    }
}

extension RequestContext {
    /// The path of the current uri. Nil when the arena is full or an escape is broken; then
    /// no path matcher matches (and `PathDefect` would have refused the request).
    func normalizedPath(_ reading: PathReading) -> NormalizedPath? {
        if let known = pathCache[reading] { return known }
        guard let path = normalizePath(view(req.pointee.path), reading, in: arena) else {
            return nil
        }
        pathCache[reading] = path
        return path
    }
}

/// Decodes and cleans `path` (RFC 3986 §5.2.4, and what servers commonly make of doubled slashes).
/// A dot counts as a dot however it was spelled.
func normalizePath(_ path: Bytes, _ reading: PathReading, in arena: Arena) -> NormalizedPath? {
    guard let memory = arena.allocate(path.count * 2 + 2) else { return nil }
    let bytes = UnsafeMutableRawBufferPointer(start: memory, count: path.count + 1)
    let marks = UnsafeMutableRawBufferPointer(
        start: memory + path.count + 1, count: path.count + 1)
    guard let decoded = decodePath(path, into: bytes, marks) else { return nil }
    let isAbsolute = decoded > 0 && bytes[0] == 0x2f
    guard isAbsolute else {
        return NormalizedPath(
            bytes: Bytes(bytes).slice(0, decoded),
            escaped: reading.keepsEscapedSlashes ? Bytes(marks).slice(0, decoded) : .empty)
    }
    let cleaned = cleanSegments(bytes, marks, count: decoded, reading)
    return NormalizedPath(
        bytes: Bytes(bytes).slice(0, cleaned),
        escaped: reading.keepsEscapedSlashes ? Bytes(marks).slice(0, cleaned) : .empty)
}

/// - Returns: The decoded length, nil at a broken escape.
private func decodePath(
    _ path: Bytes, into bytes: UnsafeMutableRawBufferPointer,
    _ marks: UnsafeMutableRawBufferPointer
) -> Int? {
    var index = 0
    var count = 0
    while index < path.count {
        var byte = path[index]
        var mark: UInt8 = 0
        if byte == 0x25 {
            guard index + 2 < path.count, let high = hexDigitValue(path[index + 1]),
                let low = hexDigitValue(path[index + 2])
            else { return nil }
            byte = high << 4 | low
            mark = 1
            index += 2
        }
        bytes[count] = byte
        marks[count] = mark
        count += 1
        index += 1
    }
    return count
}

/// Resolves segments in place; what is written never overtakes what is read. The path starts with
/// a slash and keeps a slash at its end.
private func cleanSegments(
    _ bytes: UnsafeMutableRawBufferPointer, _ marks: UnsafeMutableRawBufferPointer, count: Int,
    _ reading: PathReading
) -> Int {
    func isSlash(_ index: Int) -> Bool {
        bytes[index] == 0x2f && !(reading.keepsEscapedSlashes && marks[index] == 1)
    }
    var read = 1
    var written = 1
    while read <= count {
        var end = read
        while end < count, !isSlash(end) { end += 1 }
        let length = end - read
        let isLast = end >= count
        if length == 2, bytes[read] == 0x2e, bytes[read + 1] == 0x2e {
            if written > 1 { written -= 1 }
            while written > 1, !isSlash(written - 1) { written -= 1 }
            if isLast, written > 1 { written -= 1 }
        } else if length == 1, bytes[read] == 0x2e {
            if isLast, written > 1 { written -= 1 }
        } else if length > 0 || (!isLast && !reading.mergesSlashes) {
            for offset in 0..<length {
                bytes[written + offset] = bytes[read + offset]
                marks[written + offset] = marks[read + offset]
            }
            written += length
            if !isLast {
                bytes[written] = 0x2f
                marks[written] = 0
                written += 1
            }
        }
        read = end + 1
    }
    return written
}

/// Why a path must not be routed: matchers and an upstream could read it differently.
package enum PathDefect: Sendable {
    /// A percent sign without two hexadecimal digits.
    case brokenEscape
    /// NUL, plain or encoded.
    case nul
    /// An encoded slash or a backslash next to a dot segment: `/a/..%2fb` is `/b` to some and
    /// inside `/a` to others.
    case ambiguousDots
}

/// Looks for spellings that no two programs read alike. The server answers 400.
package func pathDefect(_ path: Bytes) -> PathDefect? {
    var segment = SegmentScan()
    var index = 0
    while index < path.count {
        var byte = path[index]
        if byte == 0x2f {
            if segment.isAmbiguous { return .ambiguousDots }
            segment = SegmentScan()
            index += 1
            continue
        }
        if byte == 0x25 {
            guard index + 2 < path.count, let high = hexDigitValue(path[index + 1]),
                let low = hexDigitValue(path[index + 2])
            else { return .brokenEscape }
            byte = high << 4 | low
            index += 2
        }
        if byte == 0 { return .nul }
        segment.append(byte)
        index += 1
    }
    return segment.isAmbiguous ? .ambiguousDots : nil
}

/// One segment between plain slashes, taken apart at encoded slashes and backslashes.
private struct SegmentScan {
    private var dots = 0
    private var others = false
    private var hasDivider = false
    private var hasDotPart = false

    mutating func append(_ byte: UInt8) {
        if byte == 0x2f || byte == 0x5c {
            hasDivider = true
            closePart()
        } else if byte == 0x2e {
            dots += 1
        } else {
            others = true
        }
    }

    private mutating func closePart() {
        if !others, dots == 1 || dots == 2 { hasDotPart = true }
        dots = 0
        others = false
    }

    var isAmbiguous: Bool {
        let endsInDots = !others && (dots == 1 || dots == 2)
        return hasDivider && (hasDotPart || endsInDots)
    }
}
