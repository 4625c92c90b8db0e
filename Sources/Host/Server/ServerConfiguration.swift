// The `apps.http.servers` of a configuration, read strictly.
import Base

/// A configuration that cannot be used, with the place of the problem.
package struct ServerError: Error, CustomStringConvertible {
    /// Where in the JSON, such as `apps.http.servers.srv0.listen`; empty when it is about no place.
    package let location: String
    /// Lower case, no full stop: what was found, what was expected.
    package let message: String

    package init(_ message: String, at location: String = "") {
        self.message = message
        self.location = location
    }

    package var description: String { location.isEmpty ? message : "\(location): \(message)" }
}

/// Reads the members of one JSON object and refuses those that nobody asked for.
struct StrictObject {
    private let members: [String: JSONValue]
    private var known: Set<String> = []
    let location: String

    init(_ json: JSONValue, at location: String) throws(ServerError) {
        guard let members = json.objectValue else {
            throw ServerError("expected an object", at: location)
        }
        self.members = members
        self.location = location
    }

    /// A member, nil when it is absent or null.
    mutating func take(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    mutating func string(_ name: String) throws(ServerError) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.stringValue else { throw wrong(name, "a text") }
        return text
    }

    mutating func bool(_ name: String) throws(ServerError) -> Bool? {
        guard let value = take(name) else { return nil }
        guard let truth = value.boolValue else { throw wrong(name, "true or false") }
        return truth
    }

    mutating func int(_ name: String) throws(ServerError) -> Int? {
        guard let value = take(name) else { return nil }
        guard let number = value.intValue else { throw wrong(name, "a whole number") }
        return Int(number)
    }

    mutating func strings(_ name: String) throws(ServerError) -> [String]? {
        guard let value = take(name) else { return nil }
        guard let elements = value.arrayValue else { throw wrong(name, "an array of texts") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else { throw wrong(name, "an array of texts") }
            texts.append(text)
        }
        return texts
    }

    /// Nanoseconds; JSON has whole nanoseconds or a text such as "30s".
    mutating func duration(_ name: String) throws(ServerError) -> UInt64? {
        guard let value = take(name) else { return nil }
        if let number = value.intValue, number >= 0 { return UInt64(number) }
        if let text = value.stringValue, let nanoseconds = ConfigDuration.parse(text),
            nanoseconds >= 0
        {
            return UInt64(nanoseconds)
        }
        throw wrong(name, "a duration")
    }

    /// Call when all known members were taken.
    func finish() throws(ServerError) {
        guard let stray = members.keys.filter({ !known.contains($0) }).sorted().first else {
            return
        }
        throw ServerError("unknown member \"\(stray)\"", at: location)
    }

    private func wrong(_ name: String, _ expected: String) -> ServerError {
        ServerError("expected \(expected)", at: "\(location).\(name)")
    }
}

/// The `apps.http` object.
struct HTTPApplication {
    var httpPort: UInt16 = 80
    var httpsPort: UInt16 = 443
    /// Sorted by name.
    var servers: [ServerConfiguration] = []
    /// Objects of plugins that give placeholders, in the order of the configuration.
    var placeholders: [JSONValue] = []

    init(_ json: JSONValue) throws(ServerError) {
        var object = try StrictObject(json, at: "apps.http")
        if let port = try object.int("http_port") { httpPort = UInt16(clamping: port) }
        if let port = try object.int("https_port") { httpsPort = UInt16(clamping: port) }
        // Read by whoever stops the process.
        _ = object.take("grace_period")
        _ = object.take("shutdown_delay")
        _ = object.take("metrics")
        placeholders = object.take("placeholders")?.arrayValue ?? []
        for (name, server) in (object.take("servers")?.objectValue ?? [:]).sorted(by: {
            $0.key < $1.key
        }) {
            servers.append(try ServerConfiguration(name: name, server))
        }
        try object.finish()
    }
}

/// One server as the configuration describes it.
struct ServerConfiguration {
    var name: String
    var listen: [String]
    var routes: JSONValue
    var errors: JSONValue
    var namedRoutes: [String: JSONValue]
    var timeouts = ServerTimeouts()
    var headBytesMax = Limits.headBytesMax
    var tlsPolicies: [JSONValue]?
    /// Host must be the name that the TLS client asked for (RFC 9110 §7.4).
    var isSNIHostStrict = false
    var trustedRanges: [String]?
    var isTrustStrict = false
    var clientIPFields: [String] = ["X-Forwarded-For"]
    var logs: JSONValue?
    var automaticHTTPS = AutomaticHTTPS()

    struct AutomaticHTTPS {
        var isDisabled = false
        var skipsRedirects = false
        var skipsCertificates = false
        /// Certificates from files do not spare issued ones.
        var ignoresLoaded = false
        var skipped: Set<String> = []
    }

    init(name: String, _ json: JSONValue) throws(ServerError) {
        var object = try StrictObject(json, at: "apps.http.servers.\(name)")
        self.name = name
        listen = try object.strings("listen") ?? []
        routes = object.take("routes") ?? .null
        errors = object.take("errors") ?? .null
        namedRoutes = object.take("named_routes")?.objectValue ?? [:]
        try readTimeouts(&object)
        if let bytes = try object.int("max_header_bytes") {
            headBytesMax = min(max(bytes, 1024), Limits.messageBlockBytesMax / 2)
        }
        tlsPolicies = object.take("tls_connection_policies")?.arrayValue
        try readTrust(&object)
        logs = object.take("logs")
        if let automatic = object.take("automatic_https") { try readAutomaticHTTPS(automatic) }
        try readProtocols(&object)
        // Accepted as they are harmless here: HTTP/1 is always full duplex.
        isSNIHostStrict = try object.bool("strict_sni_host") ?? asksClients
        _ = try object.bool("enable_full_duplex")
        _ = object.take("keepalive_interval")
        _ = object.take("metrics")
        _ = object.take("trace")
        try object.finish()
    }

    /// Some policy asks clients for certificates: which one must not depend on Host alone.
    private var asksClients: Bool {
        tlsPolicies?.contains { $0["client_authentication"] != nil } ?? false
    }

    /// What it listens on, ranges expanded.
    func addresses() throws(ServerError) -> [ListenAddress] {
        var all: [ListenAddress] = []
        for text in listen { all += try ListenAddress.parse(text) }
        return all
    }

    private mutating func readTimeouts(_ object: inout StrictObject) throws(ServerError) {
        func set(_ value: UInt64?, _ member: inout UInt64) {
            if let value { member = value == 0 ? .max : value }
        }
        set(try object.duration("read_header_timeout"), &timeouts.head)
        set(try object.duration("read_timeout"), &timeouts.bodyIdle)
        set(try object.duration("write_timeout"), &timeouts.writeIdle)
        set(try object.duration("idle_timeout"), &timeouts.keepAlive)
    }

    private mutating func readTrust(_ object: inout StrictObject) throws(ServerError) {
        if let trust = object.take("trusted_proxies") {
            var source = try StrictObject(trust, at: "\(object.location).trusted_proxies")
            let kind = try source.string("source") ?? ""
            guard kind == "static" else {
                throw ServerError(
                    "unknown source \"\(kind)\", expected static", at: source.location)
            }
            trustedRanges = try source.strings("ranges") ?? []
            try source.finish()
        }
        isTrustStrict = (try object.int("trusted_proxies_strict") ?? 0) > 0
        if let fields = try object.strings("client_ip_headers"), !fields.isEmpty {
            clientIPFields = fields
        }
    }

    private mutating func readAutomaticHTTPS(_ json: JSONValue) throws(ServerError) {
        var object = try StrictObject(json, at: "apps.http.servers.\(name).automatic_https")
        automaticHTTPS.isDisabled = try object.bool("disable") ?? false
        automaticHTTPS.skipsRedirects = try object.bool("disable_redirects") ?? false
        automaticHTTPS.skipsCertificates = try object.bool("disable_certificates") ?? false
        automaticHTTPS.skipped = Set(
            (try object.strings("skip") ?? []) + (try object.strings("skip_certificates") ?? []))
        automaticHTTPS.ignoresLoaded = try object.bool("ignore_loaded_certificates") ?? false
        // Wildcards are always preferred, as in Caddy since 2.10.
        _ = try object.bool("prefer_wildcard")
        try object.finish()
    }

    private func readProtocols(_ object: inout StrictObject) throws(ServerError) {
        guard let protocols = try object.strings("protocols") else { return }
        for known in protocols where !["h1", "h2", "h3", "h2c"].contains(known) {
            throw ServerError("unknown protocol \"\(known)\"", at: "\(object.location).protocols")
        }
        guard protocols.contains("h1") else {
            throw ServerError("a server without h1 is not supported yet", at: object.location)
        }
    }
}

/// Go-style durations in JSON ("1m30s", "250ms", "1d").
enum ConfigDuration {
    static func parse(_ text: String) -> Int64? {
        var total = 0.0
        var number = ""
        var unit = ""
        func value() -> Double? {
            guard let amount = Double(number) else { return nil }
            let scale: Double? =
                switch unit {
                case "ns": 1
                case "us", "µs": 1e3
                case "ms": 1e6
                case "s": 1e9
                case "m": 60e9
                case "h": 3600e9
                case "d": 86400e9
                default: nil
                }
            return scale.map { $0 * amount }
        }
        for character in text {
            if character.isNumber || character == "." {
                if !unit.isEmpty {
                    guard let part = value() else { return nil }
                    total += part
                    number = ""
                    unit = ""
                }
                number.append(character)
            } else {
                unit.append(character)
            }
        }
        guard let part = value(), total + part < 9e18 else { return nil }
        return Int64(total + part)
    }
}
