// The `on_demand` object of TLS automation: who may have a certificate at its first handshake.
import Base

/// Rules for names that handshakes bring. Whatever the others allow, `namesMax` and the rate hold.
struct OnDemandSettings: Hashable, Sendable {
    /// Asked with `?domain=`; nil asks nobody.
    var askURL: AskURL?
    /// Lower-case names and `.suffix`es that may have a certificate; empty allows every name.
    var allowed: [String] = []
    var namesMax = Limits.onDemandNamesMax
    /// New names in `rateInterval`, which may come at once.
    var rateCount = Limits.onDemandRateCount
    /// Nanoseconds.
    var rateInterval = Limits.onDemandRateInterval

    init() {}

    init(_ json: JSONValue, at location: String) throws(ServerError) {
        var object = try StrictObject(json, at: location)
        var endpoint = try object.string("ask")
        if let permission = object.take("permission") {
            var module = try StrictObject(permission, at: "\(location).permission")
            let name = try module.string("module") ?? ""
            guard name == "http" else {
                throw ServerError(
                    "permission module \"\(name)\" is not supported, expected http",
                    at: module.location)
            }
            endpoint = try module.string("endpoint")
            try module.finish()
        }
        if let endpoint { askURL = try AskURL(endpoint, at: location) }
        allowed = (try object.strings("allow") ?? []).map { $0.lowercased() }
        if let count = try object.int("names_max") {
            guard count > 0 else { throw ServerError("names_max must be above 0", at: location) }
            namesMax = min(count, Limits.certificateCacheEntriesMax)
        }
        if let rate = object.take("rate") {
            var members = try StrictObject(rate, at: "\(location).rate")
            guard let count = try members.int("count"), count > 0,
                let interval = try members.duration("interval"), interval > 0
            else { throw ServerError("rate needs a count and an interval", at: location) }
            (rateCount, rateInterval) = (count, interval)
            try members.finish()
        }
        try object.finish()
    }

    /// The built-in rule.
    func allows(_ name: String) -> Bool {
        allowed.isEmpty
            || allowed.contains { entry in
                entry.hasPrefix(".")
                    ? name.hasSuffix(entry) && name.utf8.count > entry.utf8.count : name == entry
            }
    }
}

/// An `http` or `https` URL that is asked for permission.
struct AskURL: Hashable, Sendable {
    let text: String
    let isEncrypted: Bool
    /// Without brackets.
    let host: String
    let port: UInt16
    /// Path and query, to which the question is added.
    let target: String

    init(_ text: String, at location: String) throws(ServerError) {
        self.text = text
        let rest: Substring
        if text.hasPrefix("http://") {
            (isEncrypted, rest) = (false, text.dropFirst(7))
        } else if text.hasPrefix("https://") {
            (isEncrypted, rest) = (true, text.dropFirst(8))
        } else {
            throw ServerError("ask \"\(text)\": expected an http or https URL", at: location)
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest[authority.endIndex...].prefix { $0 != "#" }
        target = path.hasPrefix("/") ? String(path) : "/\(path)"
        let hasPort = authority.last != "]" && authority.contains(":")
        let dial = hasPort ? String(authority) : "\(authority):\(isEncrypted ? 443 : 80)"
        guard !authority.isEmpty, !authority.contains("@"), !authority.hasPrefix(":"),
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            case .host(let host, let port) = DialTarget(dial)
        else { throw ServerError("ask \"\(text)\" is no URL of a host", at: location) }
        self.host = host
        self.port = port
    }

    var dial: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The target of the question for a name, which holds nothing that needs an escape but `:`.
    func target(for name: String) -> String {
        let separator = target.contains("?") ? "&" : "?"
        let escaped = name.split(separator: ":", omittingEmptySubsequences: false)
            .joined(separator: "%3A")
        return "\(target)\(separator)domain=\(escaped)"
    }
}
