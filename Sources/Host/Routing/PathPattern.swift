// One pattern of a path matcher: exact, prefix, suffix, substring or glob.
import Base

/// A compiled pattern. Letters match without regard to case.
struct PathPattern: Sendable {
    private enum Kind: Sendable { case any, exact, prefix, suffix, substring, glob }

    private let kind: Kind
    /// The text without its stars, in lower case; unused by globs.
    private let text: [UInt8]
    private let glob: [GlobElement]
    let reading: PathReading

    init(_ pattern: String, at location: String) throws(RoutingError) {
        let bytes = pattern.utf8.map(asciiLowercased)
        let stars = bytes.count { $0 == 0x2a }
        let usesEscapes = bytes.contains(0x25)
        let isGlobText = bytes.contains { $0 == 0x3f || $0 == 0x5b || $0 == 0x5c }
        reading = PathReading(
            mergesSlashes: !zip(bytes, bytes.dropFirst()).contains { $0 == 0x2f && $1 == 0x2f },
            keepsEscapedSlashes: usesEscapes)
        let startsWithStar = bytes.first == 0x2a
        let endsWithStar = bytes.last == 0x2a
        if bytes == [0x2a] {
            (kind, text) = (.any, [])
        } else if usesEscapes {
            (kind, text) = (.glob, [])
        } else if stars == 2, startsWithStar, endsWithStar {
            (kind, text) = (.substring, Array(bytes.dropFirst().dropLast()))
        } else if stars == 1, startsWithStar {
            (kind, text) = (.suffix, Array(bytes.dropFirst()))
        } else if stars == 1, endsWithStar {
            (kind, text) = (.prefix, Array(bytes.dropLast()))
        } else if stars == 0, !isGlobText {
            (kind, text) = (.exact, bytes)
        } else {
            (kind, text) = (.glob, [])
        }
        glob = kind == .glob ? try GlobElement.parse(bytes, pattern, at: location) : []
    }

    func matches(_ path: NormalizedPath) -> Bool {
        switch kind {
        case .any: return true
        case .exact: return path.bytes.isEqualIgnoringCase(text)
        case .prefix:
            guard path.bytes.count >= text.count else { return false }
            return path.bytes.slice(0, text.count).isEqualIgnoringCase(text)
        case .suffix:
            let count = path.bytes.count
            guard count >= text.count else { return false }
            return path.bytes.slice(count - text.count, count).isEqualIgnoringCase(text)
        case .substring:
            guard path.bytes.count >= text.count else { return false }
            for start in 0...(path.bytes.count - text.count)
            where path.bytes.slice(start, start + text.count).isEqualIgnoringCase(text) {
                return true
            }
            return false
        case .glob: return matchesGlob(path)
        }
    }

    /// Walks pattern and path together. A star that cannot grow further hands back to the last
    /// star that may also take escaped slashes, so the time is polynomial whatever the path.
    private func matchesGlob(_ path: NormalizedPath) -> Bool {
        var position = 0
        var element = 0
        var star: (element: Int, position: Int)?
        var wideStar: (element: Int, position: Int)?
        while true {
            if element < glob.count {
                switch glob[element] {
                case .star:
                    star = (element, position)
                    element += 1
                    continue
                case .wideStar:
                    wideStar = (element, position)
                    star = nil
                    element += 1
                    continue
                case .byte, .escapedByte, .anyByte, .set:
                    if position < path.bytes.count, glob[element].accepts(path, position) {
                        element += 1
                        position += 1
                        continue
                    }
                }
            } else if position == path.bytes.count {
                return true
            }
            if let last = star, last.position < path.bytes.count,
                path.bytes[last.position] != 0x2f
            {
                position = last.position + 1
                element = last.element + 1
                star = (last.element, position)
            } else if let last = wideStar, last.position < path.bytes.count,
                path.bytes[last.position] != 0x2f || path.isEscaped(last.position)
            {
                position = last.position + 1
                element = last.element + 1
                wideStar = (last.element, position)
                star = nil
            } else {
                return false
            }
        }
    }
}

extension NormalizedPath {
    func isEscaped(_ position: Int) -> Bool {
        position < escaped.count && escaped[position] == 1
    }
}

/// One step of a glob.
private enum GlobElement: Sendable {
    case byte(UInt8)
    /// `%2f` in a pattern: the same byte, and encoded in the path too.
    case escapedByte(UInt8)
    /// `?`: any byte but a slash.
    case anyByte
    /// `[a-z]`, `[^a-z]`.
    case set([ClosedRange<UInt8>], isNegated: Bool)
    /// `*`: any bytes but slashes, encoded or not.
    case star
    /// `%*`: any bytes but plain slashes.
    case wideStar

    func accepts(_ path: NormalizedPath, _ position: Int) -> Bool {
        let byte = asciiLowercased(path.bytes[position])
        switch self {
        // A plain slash in a pattern is a separator; an encoded one in the path is not.
        case .byte(let expected):
            return byte == expected && !(byte == 0x2f && path.isEscaped(position))
        case .escapedByte(let expected): return byte == expected && path.isEscaped(position)
        case .anyByte: return byte != 0x2f
        case .set(let ranges, let isNegated):
            return byte != 0x2f && ranges.contains { $0.contains(byte) } != isNegated
        case .star, .wideStar: return false
        }
    }

    static func parse(
        _ bytes: [UInt8], _ pattern: String, at location: String
    ) throws(RoutingError) -> [GlobElement] {
        var elements: [GlobElement] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x2a: elements.append(.star)
            case 0x3f: elements.append(.anyByte)
            case 0x25:
                if index < bytes.count, bytes[index] == 0x2a {
                    elements.append(.wideStar)
                    index += 1
                } else if index + 1 < bytes.count, let high = hexDigitValue(bytes[index]),
                    let low = hexDigitValue(bytes[index + 1])
                {
                    elements.append(.escapedByte(asciiLowercased(high << 4 | low)))
                    index += 2
                } else {
                    throw RoutingError(
                        "path \"\(pattern)\" has a percent sign that starts no escape,"
                            + " write %25 for the character", at: location)
                }
            case 0x5c where index < bytes.count:
                elements.append(.byte(bytes[index]))
                index += 1
            case 0x5b:
                elements.append(try parseSet(bytes, &index, pattern, at: location))
            default: elements.append(.byte(byte))
            }
        }
        return elements
    }

    private static func parseSet(
        _ bytes: [UInt8], _ index: inout Int, _ pattern: String, at location: String
    ) throws(RoutingError) -> GlobElement {
        let isNegated = index < bytes.count && bytes[index] == 0x5e
        if isNegated { index += 1 }
        var ranges: [ClosedRange<UInt8>] = []
        while index < bytes.count, bytes[index] != 0x5d || ranges.isEmpty {
            let low = bytes[index]
            index += 1
            var high = low
            if index + 1 < bytes.count, bytes[index] == 0x2d, bytes[index + 1] != 0x5d {
                high = bytes[index + 1]
                index += 2
            }
            guard low <= high else { break }
            ranges.append(low...high)
        }
        guard index < bytes.count, bytes[index] == 0x5d, !ranges.isEmpty else {
            throw RoutingError("path \"\(pattern)\" has a bad set in brackets", at: location)
        }
        index += 1
        return .set(ranges, isNegated: isNegated)
    }
}
