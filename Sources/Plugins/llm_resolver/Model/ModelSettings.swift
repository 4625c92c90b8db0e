// How the model is reached and how often.
import PluginSDK

struct ModelSettings: Hashable, Sendable {
    /// Whole URL of a chat completion endpoint that speaks OpenAI's API.
    var url: String
    var model: String
    /// Empty: none is sent.
    var key = ""
    /// Only an endpoint on this machine is accepted.
    var isLocalOnly = false
    /// HTTP calls in any hour.
    var callsPerHourMax = 60
    var timeoutNanoseconds: UInt64 = 15_000_000_000
    /// How long an answer of "none" and a failure stand for the same question.
    var negativeNanoseconds: UInt64 = 60_000_000_000
}

/// A URL of an endpoint, taken apart.
struct ModelURL: Hashable, Sendable {
    let isSecure: Bool
    /// With brackets when it is an address of IPv6.
    let host: String
    let port: UInt16
    /// Path and query.
    let target: String

    init(_ text: String) throws(PluginError) {
        let lower = text.lowercased()
        let schemes = [("https://", true), ("http://", false)]
        guard let (scheme, isSecure) = schemes.first(where: { lower.hasPrefix($0.0) }) else {
            throw PluginError(
                "\"\(text)\" is no URL of a model", hint: "it begins with http:// or https://")
        }
        self.isSecure = isSecure
        let rest = text.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw PluginError(
                "the URL of a model has no user", hint: "give the key with api_key")
        }
        let path = rest.dropFirst(authority.count).prefix { $0 != "#" }
        target = path.isEmpty ? "/" : path.hasPrefix("/") ? String(path) : "/" + path
        (host, port) = try Self.split(authority, defaultPort: isSecure ? 443 : 80)
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw PluginError("the URL of a model has spaces or control characters")
        }
    }

    private static func split(
        _ authority: Substring, defaultPort: UInt16
    ) throws(PluginError) -> (String, UInt16) {
        var host = authority
        var port = defaultPort
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0
            else {
                throw PluginError("\"\(authority)\" has no valid port")
            }
            host = authority[..<colon]
            port = number
        }
        let isName = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        guard !host.isEmpty, isName else {
            throw PluginError("\"\(authority)\" is no host", hint: "https://host:port/path")
        }
        return (host.lowercased(), port)
    }

    var dial: String { "\(host):\(port)" }

    /// Whether it cannot leave this machine.
    var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
