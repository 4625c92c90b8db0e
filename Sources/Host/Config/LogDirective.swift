// `log`, as a site directive and as a global option, with its outputs and encoders.
import Base

extension AdaptContext {
    /// `log [<name>] { … }` in a site; a configured log without a name gets a numbered one.
    func siteLog(_ directive: ConfigNode) throws(ConfigError) -> NamedLog {
        var log = try parseLog(directive, isGlobal: false)
        if log.name.isEmpty, log.config != nil {
            log.name = "log\(nextLogNumber)"
            nextLogNumber += 1
        }
        if !log.name.isEmpty, log.config != nil {
            log.config?["include"] = [.string("http.log.access.\(log.name)")]
        }
        return log
    }

    /// `log [<name>] { … }` in the global options; without a name it is the default log.
    func globalLog(_ option: ConfigNode, existing: [NamedLog]) throws(ConfigError) -> NamedLog {
        var log = try parseLog(option, isGlobal: true)
        if log.name.isEmpty { log.name = "default" }
        if existing.contains(where: { $0.name == log.name }) {
            throw ConfigError("duplicate global log option for: \(log.name)", at: option.name)
        }
        return log
    }

    private static let logOptions = [
        "core", "exclude", "format", "hostnames", "include", "level", "no_hostname", "output",
        "sampling",
    ]

    private func parseLog(_ node: ConfigNode, isGlobal: Bool) throws(ConfigError) -> NamedLog {
        var log = NamedLog()
        if node.arguments.count > 1 { throw node.wrongCount("at most a name") }
        log.name = node.texts.first ?? ""
        var config: JSONObject = [:]
        var seen: Set<String> = []
        for option in node.children {
            let name = option.name.text
            let mayRepeat = ["hostnames", "include", "exclude"].contains(name)
            if !seen.insert(name).inserted, !mayRepeat {
                throw ConfigError(
                    "'\(name)' specified more than once in the same log block", at: option.name)
            }
            try refuseMisplaced(option, isGlobal: isGlobal)
            switch name {
            case "hostnames": log.hostnames += try option.atLeastOneArgument("host name")
            case "no_hostname":
                try option.refuseArguments()
                log.hasNoHostname = true
            default: try parseLogOption(option, into: &config)
            }
        }
        if !config.isEmpty { log.config = config }
        return log
    }

    private func refuseMisplaced(_ option: ConfigNode, isGlobal: Bool) throws(ConfigError) {
        switch option.name.text {
        case "hostnames" where isGlobal:
            throw ConfigError(
                "hostnames is not allowed in the log global option", at: option.name)
        case "include" where !isGlobal, "exclude" where !isGlobal:
            throw ConfigError(
                "\(option.name.text) is not allowed in the log directive", at: option.name)
        default: return
        }
    }

    private func parseLogOption(
        _ option: ConfigNode, into config: inout JSONObject
    ) throws(ConfigError) {
        switch option.name.text {
        case "output": config["writer"] = try logOutput(option.module("log output"))
        case "format": config["encoder"] = try logEncoder(option.module("log format"))
        case "core":
            config["core"] = try module(
                "caddy.logging.cores", inlineKey: "module", option.module("log core"))
        case "level": config["level"] = .string(try option.onlyArgument("level").text)
        case "sampling": config["sampling"] = try logSampling(option)
        case "include", "exclude":
            let known = config[option.name.text]?.stringValues ?? []
            config.set(option.name.text, known + option.texts)
        default: throw option.unknown("option", in: "log", known: Self.logOptions)
        }
    }

    private func logSampling(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        for option in node.children {
            if members[option.name.text] != nil {
                throw ConfigError(
                    "'\(option.name.text)' specified more than once in the same sampling block",
                    at: option.name)
            }
            switch option.name.text {
            case "interval": members["interval"] = .int(try option.duration())
            case "first", "thereafter": members[option.name.text] = .int(try option.integer())
            default:
                throw option.unknown(
                    "option", in: "sampling", known: ["interval", "first", "thereafter"])
            }
        }
        return .object(members.filter { $0.value != 0 })
    }

    // MARK: Outputs

    private func logOutput(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        let name = node.name.text
        var members: JSONObject
        switch name {
        case "stdout", "stderr", "discard":
            try node.refuseArguments()
            members = [:]
        case "file": members = try LogFile.parse(node)
        case "net": members = try netOutput(node)
        default: return try module("caddy.logging.writers", inlineKey: "output", node)
        }
        members["output"] = .string(name)
        return .object(members)
    }

    /// `net <address> { dial_timeout <duration>; soft_start }`.
    private func netOutput(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        guard node.arguments.count == 1 else { throw node.wrongCount("one address") }
        var members: JSONObject = ["address": .string(node.texts[0])]
        for option in node.children {
            switch option.name.text {
            case "dial_timeout": members.set("dial_timeout", try option.duration())
            case "soft_start":
                try option.refuseArguments()
                members["soft_start"] = true
            default:
                throw option.unknown("option", in: "net", known: ["dial_timeout", "soft_start"])
            }
        }
        return members
    }
}

/// `file <path> { … }` with its rotation options.
enum LogFile {
    private static let options = [
        "backup_time_format", "dir_mode", "mode", "roll_at", "roll_compression", "roll_disabled",
        "roll_interval", "roll_keep", "roll_keep_for", "roll_local_time", "roll_minutes",
        "roll_size", "roll_uncompressed",
    ]

    static func parse(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        guard node.arguments.count == 1 else { throw node.wrongCount("one file name") }
        var members: JSONObject = ["filename": .string(node.texts[0])]
        for option in node.children { try parse(option, into: &members) }
        return members
    }

    private static func parse(
        _ option: ConfigNode, into members: inout JSONObject
    ) throws(ConfigError) {
        switch option.name.text {
        case "mode": members["mode"] = .string(try mode(option))
        case "dir_mode":
            let text = try option.onlyArgument("mode").text
            if !["inherit", "from_file"].contains(text.lowercased()) { _ = try mode(option) }
            members["dir_mode"] = .string(text)
        case "roll_disabled":
            try option.refuseArguments()
            members["roll"] = false
        case "roll_size":
            members.set("roll_size_mb", (try option.size() + mebibyte - 1) / mebibyte)
        case "roll_uncompressed":
            try option.refuseArguments()
            members["roll_gzip"] = false
        case "roll_compression": members["roll_compression"] = .string(try compression(option))
        case "roll_local_time":
            try option.refuseArguments()
            members["roll_local_time"] = true
        case "roll_keep": members.set("roll_keep", try option.integer())
        case "roll_keep_for": members.set("roll_keep_days", try days(option))
        case "roll_interval": members.set("roll_interval", try option.duration())
        case "roll_minutes": members["roll_minutes"] = .array(try minutes(option))
        case "roll_at": members["roll_at"] = .strings(try list(option).map(\.text))
        case "backup_time_format":
            members["backup_time_format"] = .string(try option.onlyArgument("format").text)
        default: throw option.unknown("option", in: "file", known: options)
        }
    }

    private static let mebibyte: Int64 = 1024 * 1024

    private static func mode(_ option: ConfigNode) throws(ConfigError) -> String {
        let token = try option.onlyArgument("mode")
        guard let mode = UInt32(token.text, radix: 8) else {
            throw ConfigError(
                "invalid mode \"\(token.text)\", expected an octal number such as 0600", at: token)
        }
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func compression(_ option: ConfigNode) throws(ConfigError) -> String {
        let token = try option.onlyArgument("method")
        let name = token.text.lowercased()
        guard ["none", "gzip", "zstd"].contains(name) else {
            throw ConfigError(
                "unknown roll_compression \"\(token.text)\", expected none, gzip or zstd",
                at: token)
        }
        return name
    }

    private static func days(_ option: ConfigNode) throws(ConfigError) -> Int64 {
        let nanoseconds = try option.duration()
        guard nanoseconds >= 0 else {
            throw ConfigError("negative roll_keep_for duration", at: option.name)
        }
        let day: Int64 = 86_400_000_000_000
        return nanoseconds / day + (nanoseconds % day == 0 ? 0 : 1)
    }

    private static func minutes(_ option: ConfigNode) throws(ConfigError) -> [JSONValue] {
        var minutes: [JSONValue] = []
        for item in try list(option) { minutes.append(.int(try ConfigNode.integer(item))) }
        return minutes
    }

    /// The arguments, split at commas too.
    private static func list(_ option: ConfigNode) throws(ConfigError) -> [Token] {
        if option.arguments.isEmpty { throw option.wrongCount("one or more values") }
        var items: [Token] = []
        for argument in option.arguments {
            for part in argument.text.split(separator: ",", omittingEmptySubsequences: false) {
                var item = argument
                item.text = part.filter { $0 != " " }
                if item.text.isEmpty {
                    throw ConfigError("empty value in \(option.name.text)", at: argument)
                }
                items.append(item)
            }
        }
        return items
    }
}
