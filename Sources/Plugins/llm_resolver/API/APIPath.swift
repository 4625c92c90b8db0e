// The reserved paths and what each takes.
import PluginSDK

enum APIPath: Equatable {
    case tlsCheck
    case mappings
    case mapping(String)
    case pin(String)
    case refresh(String)
    case resolve
    case model
    case candidates
    case decisions
    case state
    case events
    case dashboard
    case asset(String)
    case unknown

    /// nil for paths that are not reserved.
    init?(_ path: String) {
        switch path {
        case "/_tls_check": self = .tlsCheck
        case "/_debug": self = .dashboard
        case "/_api/mappings", "/_api/mappings/": self = .mappings
        case "/_api/resolve": self = .resolve
        case "/_api/model": self = .model
        case "/_api/candidates": self = .candidates
        case "/_api/decisions": self = .decisions
        case "/_api/state": self = .state
        case "/_api/events": self = .events
        default:
            if let key = Self.key(path, behind: "/_api/mappings/") {
                self = .mapping(key)
            } else if let key = Self.key(path, behind: "/_api/pins/") {
                self = .pin(key)
            } else if let key = Self.key(path, behind: "/_api/refresh/") {
                self = .refresh(key)
            } else if path.hasPrefix("/_debug/") {
                self = .asset(String(path.dropFirst("/_debug/".count)))
            } else if path.hasPrefix("/_api/") {
                self = .unknown
            } else {
                return nil
            }
        }
    }

    /// The methods that it takes.
    var methods: [MethodID] {
        switch self {
        case .tlsCheck, .mappings, .candidates, .decisions, .state, .events, .dashboard, .asset,
            .unknown:
            [.get, .head]
        case .mapping: [.get, .head, .put, .delete]
        case .pin: [.put, .delete]
        case .refresh, .resolve, .model: [.post]
        }
    }

    var allow: String {
        var names: [String] = []
        for method in methods {
            switch method {
            case .get: names.append("GET")
            case .head: names.append("HEAD")
            case .put: names.append("PUT")
            case .delete: names.append("DELETE")
            default: names.append("POST")
            }
        }
        return (names + ["OPTIONS"]).joined(separator: ", ")
    }

    /// The percent-decoded rest of a path, without one trailing slash.
    private static func key(_ path: String, behind prefix: String) -> String? {
        guard path.hasPrefix(prefix), path.utf8.count > prefix.utf8.count else { return nil }
        var rest = path.dropFirst(prefix.count)
        if rest.last == "/" { rest = rest.dropLast() }
        return PercentCoding.decoded(rest.utf8)
    }
}

/// RFC 3986 §2.1.
enum PercentCoding {
    /// Sequences that are none stay as they are; what is no UTF-8 becomes U+FFFD.
    static func decoded(_ text: some Sequence<UInt8>) -> String {
        let text = Array(text)
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = digit(text[index + 1]), let low = digit(text[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

/// The query of a request (application/x-www-form-urlencoded).
enum QueryText {
    /// Value of the first parameter of that name; "" for one without a value.
    static func value(_ name: String, in query: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == name else { continue }
            guard parts.count == 2 else { return "" }
            return PercentCoding.decoded(
                parts[1].utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
        }
        return nil
    }

    /// The query without the parameters of these names; others stay as they are, byte by byte.
    static func removing(_ names: Set<String>, from query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false).filter { pair in
            let name = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)[0]
            return !names.contains(String(name))
        }.joined(separator: "&")
    }
}
