// The configuration of one handler, checked and with its defaults.
import PluginSDK

struct ResolverOptions: Sendable {
    /// How a name is resolved, in this order.
    enum Step: String, Sendable {
        case cache
        case name
        case model
    }

    private static let second: Int64 = 1_000_000_000
    private static let standardURL = "https://openrouter.ai/api/v1/chat/completions"
    private static let standardModel = "anthropic/claude-haiku-4.5"

    let apiKey: String
    let apiURL: String
    let model: String
    /// Whether somebody asked for a model at all; without it none is.
    let isModelConfigured: Bool
    /// Empty: the mappings are kept in memory.
    let cacheFile: String
    let composeProject: String
    /// What hosts end with, such as ".localhost".
    let suffixes: [String]
    let clients: AddressRanges
    let steps: [Step]
    let deniedPorts: Set<UInt16>
    let deniedNames: Set<String>
    /// What is found and not offered.
    let hiddenMarks: Marks
    /// 0: mappings stay.
    let cacheTTLSeconds: Int64
    let negativeTTLNanoseconds: UInt64
    let timeoutNanoseconds: UInt64
    let modelTimeoutNanoseconds: UInt64
    let callsPerHour: Int
    let redacts: Bool
    let isLocalOnly: Bool
    let proxies: Bool
    let adminToken: String
    let adminHosts: Set<String>
    let hasLegacyQuery: Bool
    let hasLegacyAPI: Bool

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        apiKey = try Self.text("api_key", &configuration, scope) ?? ""
        let url = try Self.text("api_url", &configuration, scope)
        let model = try Self.text("model", &configuration, scope)
        apiURL = url ?? Self.standardURL
        self.model = model ?? Self.standardModel
        isModelConfigured = !apiKey.isEmpty || url != nil
        cacheFile =
            try Self.text("cache_file", &configuration, scope) ?? Self.standardCacheFile(scope)
        composeProject = try Self.text("compose_project", &configuration, scope) ?? ""
        suffixes = try Self.suffixes(&configuration)
        clients = try AddressRanges(
            Self.ranges(try configuration.strings("clients") ?? ["loopback"]), member: "clients")
        steps = try Self.steps(&configuration)
        deniedPorts = try Self.ports(&configuration)
        deniedNames = Set(try configuration.strings("deny_names") ?? [])
        hiddenMarks = try Self.hiddenMarks(&configuration)
        cacheTTLSeconds = try Self.duration("cache_ttl", &configuration, 0) / Self.second
        negativeTTLNanoseconds = UInt64(
            try Self.duration("negative_ttl", &configuration, 10 * Self.second))
        timeoutNanoseconds = UInt64(try Self.duration("timeout", &configuration, 40 * Self.second))
        modelTimeoutNanoseconds = UInt64(
            try Self.duration("model_timeout", &configuration, 30 * Self.second))
        let calls = try configuration.int("calls_per_hour") ?? 60
        guard let callsPerHour = Int(exactly: calls), callsPerHour >= 0 else {
            throw PluginError("calls_per_hour is \(calls), expected a number from 0")
        }
        self.callsPerHour = callsPerHour
        redacts = try configuration.bool("redact") ?? true
        isLocalOnly = try configuration.bool("local_only") ?? false
        proxies = try configuration.bool("proxy") ?? false
        adminToken = try Self.text("admin_token", &configuration, scope) ?? ""
        adminHosts = Set(
            (try configuration.strings("admin_hosts") ?? ["proxy.localhost"]).map {
                $0.lowercased()
            })
        hasLegacyQuery = try configuration.bool("legacy_query") ?? false
        hasLegacyAPI = try configuration.bool("legacy_api") ?? false
    }

    /// Whether a model may be asked.
    var asksModel: Bool { isModelConfigured && steps.contains(.model) }

    /// What works and is hardly meant.
    var warnings: [PluginError] {
        var warnings: [PluginError] = []
        if hasLegacyAPI {
            warnings.append(
                PluginError(
                    "legacy_api lets every program and every web page change where names lead",
                    hint: "use admin_token or the admin host instead"))
        }
        if hasLegacyQuery {
            warnings.append(
                PluginError(
                    "legacy_query takes force and prompt away from the applications",
                    hint: "use the field Gatewright-Resolve or POST /_api/refresh/ instead"))
        }
        if !adminToken.isEmpty, adminToken.utf8.count < 12 {
            warnings.append(
                PluginError(
                    "admin_token has fewer than 12 characters",
                    hint: "openssl rand -hex 24 makes a good one"))
        }
        return warnings
    }

    /// A text with its placeholders filled in; a variable that is not set is an error, since what
    /// is left without it would be taken for the value.
    private static func text(
        _ name: String, _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> String? {
        guard let text = try configuration.string(name), !text.isEmpty else { return nil }
        let parts = text.split(separator: "{", omittingEmptySubsequences: false)
        for part in parts.dropFirst() where part.hasPrefix("env.") {
            guard let end = part.firstIndex(of: "}") else { continue }
            let variable = String(part[..<end].dropFirst(4))
            guard scope.environment(variable) == nil else { continue }
            throw PluginError(
                "\(name) needs the environment variable \(variable), which is not set",
                hint: "set it, or leave \(name) out")
        }
        let value = try scope.evaluate(text)
        guard !value.isEmpty else {
            throw PluginError("\(name) is empty", hint: "set it, or leave \(name) out")
        }
        guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw PluginError("\(name) has control characters")
        }
        return value
    }

    private static func standardCacheFile(_ scope: Scope) -> String {
        let file = "gatewright/llm_resolver/mappings.json"
        if let data = scope.environment("XDG_DATA_HOME"), data.hasPrefix("/") {
            return "\(data)/\(file)"
        }
        if let home = scope.environment("HOME"), home.hasPrefix("/") {
            return "\(home)/.local/share/\(file)"
        }
        return "/data/mappings.json"
    }

    private static func suffixes(
        _ configuration: inout Configuration
    ) throws(PluginError) -> [String] {
        var suffixes: [String] = []
        for text in try configuration.strings("hosts") ?? [".localhost"] {
            let name = text.hasPrefix("*.") ? String(text.dropFirst()) : text
            let suffix = (name.hasPrefix(".") ? name : "." + name).lowercased()
            let isName = String(suffix.dropFirst()).withBytes { RequestHost($0.span) != nil }
            guard isName else {
                throw PluginError(
                    "hosts holds \"\(text)\", expected what hosts end with",
                    hint: "such as .localhost")
            }
            suffixes.append(suffix)
        }
        return suffixes
    }

    private static func ranges(_ texts: [String]) -> [String] {
        texts.flatMap { text in
            switch text {
            case "loopback": ["127.0.0.0/8", "::1"]
            case "private_ranges":
                [
                    "192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.0/8", "fd00::/8",
                    "::1",
                ]
            case "any": ["0.0.0.0/0", "::/0"]
            default: [text]
            }
        }
    }

    private static func steps(
        _ configuration: inout Configuration
    ) throws(PluginError) -> [Step] {
        var steps: [Step] = []
        for name in try configuration.strings("order") ?? ["cache", "name", "model"] {
            guard let step = Step(rawValue: name) else {
                throw .unknown("step", name, in: "order", known: ["cache", "name", "model"])
            }
            guard !steps.contains(step) else {
                throw PluginError("order holds \(name) twice")
            }
            steps.append(step)
        }
        return steps
    }

    /// The admin API of a gateway on its standard port and the inspector of Node are no services.
    private static func ports(
        _ configuration: inout Configuration
    ) throws(PluginError) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        for text in try configuration.strings("deny_ports") ?? ["2019", "9222", "9229"] {
            let ends = text.split(separator: "-", omittingEmptySubsequences: false).map {
                UInt16($0)
            }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
                first > 0, first <= last
            else {
                throw PluginError("deny_ports holds \"\(text)\", expected a port or a range")
            }
            ports.formUnion(first...last)
        }
        return ports
    }

    /// The usual ones without those that "offer" names.
    private static func hiddenMarks(
        _ configuration: inout Configuration
    ) throws(PluginError) -> Marks {
        var hidden = Marks.usual
        for name in try configuration.strings("offer") ?? [] {
            guard let mark = Marks(named: name), !Marks.never.contains(mark) else {
                throw .unknown(
                    "kind", name, in: "offer",
                    known: Marks.usual.subtracting(.never).names)
            }
            hidden.remove(mark)
        }
        return hidden
    }

    private static func duration(
        _ name: String, _ configuration: inout Configuration, _ standard: Int64
    ) throws(PluginError) -> Int64 {
        let value = try configuration.duration(name) ?? standard
        guard value >= 0 else { throw PluginError("\(name) is negative") }
        return value
    }
}
