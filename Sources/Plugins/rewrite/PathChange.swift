// Changes of a path: prefixes, suffixes and regular expressions, on its percent-encoded form.
import PluginSDK

enum PathChange: Sendable {
    case prefix(Template, mergesSlashes: Bool)
    case suffix(Template, mergesSlashes: Bool)
    case regex(Regex, replacement: Template)

    init(prefix: String, scope: Scope) throws(PluginError) {
        let rooted = prefix.hasPrefix("/") || prefix.hasPrefix("{") ? prefix : "/" + prefix
        self = .prefix(try scope.template(rooted), mergesSlashes: !prefix.hasDoubleSlash)
    }

    init(suffix: String, scope: Scope) throws(PluginError) {
        self = .suffix(try scope.template(suffix), mergesSlashes: !suffix.hasDoubleSlash)
    }

    var isStrip: Bool {
        switch self {
        case .prefix, .suffix: true
        case .regex: false
        }
    }

    func apply(to path: Bytes, in exchange: Exchange) throws(Status) -> Bytes {
        switch self {
        case .prefix(let template, let mergesSlashes):
            let prefix = try exchange.evaluate(template)
            let path = try exchange.cleaned(path, mergesSlashes: mergesSlashes)
            let length = path.buffer.length(ofPathPrefix: prefix.buffer) ?? 0
            return Bytes(UnsafeRawBufferPointer(rebasing: path.buffer[length...]))
        case .suffix(let template, let mergesSlashes):
            let suffix = try exchange.evaluate(template)
            let path = try exchange.cleaned(path, mergesSlashes: mergesSlashes)
            let length = path.buffer.length(ofPathSuffix: suffix.buffer) ?? 0
            return Bytes(UnsafeRawBufferPointer(rebasing: path.buffer[..<(path.count - length)]))
        case .regex(let regex, let replacement):
            let replacement = try exchange.evaluate(replacement)
            return regex.replacing(in: path.span, with: replacement, for: exchange) ?? path
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Bytes of this encoded path that a prefix covers, nil when it is no prefix. Letters count
    /// without case; an escape in the path matches the byte that it stands for, unless the prefix
    /// has an escape there, too: then both must be the same escape.
    func length(ofPathPrefix prefix: UnsafeRawBufferPointer) -> Int? {
        var (own, other) = (0, 0)
        while other < prefix.count {
            guard own < count else { return nil }
            let expected = prefix[other]
            if expected != UInt8(ascii: "%"), let byte = unescaped(at: own) {
                guard folded(byte) == folded(expected) else { return nil }
                own += 3
            } else {
                guard folded(self[own]) == folded(expected) else { return nil }
                own += 1
            }
            other += 1
        }
        return own
    }

    /// The same from the end.
    func length(ofPathSuffix suffix: UnsafeRawBufferPointer) -> Int? {
        var (own, other) = (count, suffix.count)
        while other > 0 {
            guard own > 0 else { return nil }
            if suffix.unescaped(at: other - 3) == nil, let byte = unescaped(at: own - 3) {
                guard folded(byte) == folded(suffix[other - 1]) else { return nil }
                own -= 3
            } else {
                guard folded(self[own - 1]) == folded(suffix[other - 1]) else { return nil }
                own -= 1
            }
            other -= 1
        }
        return count - own
    }
}

private func folded(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension Exchange {
    /// The path without `.` and `..` elements and, when asked for, without empty ones. A slash at
    /// the end stays.
    func cleaned(_ path: Bytes, mergesSlashes: Bool) throws(Status) -> Bytes {
        let slash = UInt8(ascii: "/")
        var writer = try ByteWriter(path.count + 1, in: self)
        var next = path.buffer.first == slash ? 1 : 0
        while next <= path.count {
            let rest = path.buffer[next...]
            let element = rest[..<(rest.firstIndex(of: slash) ?? rest.endIndex)]
            next = element.endIndex + 1
            let isDots = element.allSatisfy { $0 == UInt8(ascii: ".") }
            if element.count == 1, isDots || element.isEmpty && mergesSlashes { continue }
            if element.isEmpty && mergesSlashes { continue }
            if element.count == 2, isDots {
                let kept = writer.bytes.buffer.lastIndex(of: slash) ?? 0
                writer.truncate(to: kept)
                continue
            }
            writer.append(slash)
            writer.append(element)
        }
        if path.buffer.last == slash || writer.count == 0, writer.bytes.buffer.last != slash {
            writer.append(slash)
        }
        return writer.bytes
    }

    /// Path and query as a request target: it starts with exactly one slash, so that it is never
    /// read as an authority, and bytes that a target cannot hold are escaped.
    func uri(path: Bytes, query: Bytes) throws(Status) -> Bytes {
        let slash = UInt8(ascii: "/")
        var writer = try ByteWriter((path.count + query.count) * 3 + 2, in: self)
        writer.append(slash)
        let path = UnsafeRawBufferPointer(rebasing: path.buffer.drop { $0 == slash })
        for (index, byte) in path.enumerated() {
            let isEscape = path.unescaped(at: index) != nil
            if isEscape || byte.isAllowedInPath {
                writer.append(byte)
            } else {
                writer.appendEscaped(byte)
            }
        }
        guard !query.isEmpty else { return writer.bytes }
        writer.append(UInt8(ascii: "?"))
        for byte in query.buffer {
            if byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#") {
                writer.append(byte)
            } else {
                writer.appendEscaped(byte)
            }
        }
        return writer.bytes
    }
}

extension UInt8 {
    /// pchar and the slash (RFC 3986 §3.3), without the percent sign.
    var isAllowedInPath: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/-._~!$&'()*+,;=:@".utf8.contains(self)
        }
    }
}

extension String {
    /// Whether an element of the path is empty.
    var hasDoubleSlash: Bool {
        zip(utf8, utf8.dropFirst()).contains { $0 == UInt8(ascii: "/") && $1 == $0 }
    }
}
