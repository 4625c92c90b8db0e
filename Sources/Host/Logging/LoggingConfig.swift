// Caddy's JSON `logging` object, read strictly into plain values.
import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// All logs of a configuration; there is always one named `default`.
struct LoggingConfig {
    let logs: [LogConfig]

    init(_ json: JSONValue?, tools: LogTextTools = .none) throws(LogError) {
        var reader = try ConfigReader(json ?? .object([:]), path: "logging")
        var logs: [LogConfig] = []
        var hasDefault = false
        if var entries = try reader.object("logs") {
            for name in entries.names {
                guard let entry = entries.value(name) else { continue }
                logs.append(try LogConfig(entry, path: "\(entries.path).\(name)", tools: tools))
                if name == "default" { hasDefault = true }
            }
        }
        try reader.finish()
        if !hasDefault { logs.append(LogConfig()) }
        self.logs = logs
    }
}

/// One log: what it takes, in which form, and where to.
struct LogConfig {
    var writer = LogWriterConfig.standardError
    var encoder = LogEncoderConfig()
    var level = LogLevel.info
    var names = LogNameFilter()
    var sampler: LogSampler?

    init() {}

    init(_ json: JSONValue, path: String, tools: LogTextTools) throws(LogError) {
        var reader = try ConfigReader(json, path: path)
        if let json = try reader.object("writer") { writer = try LogWriterConfig(json) }
        if let json = try reader.object("encoder") {
            encoder = try LogEncoderConfig(json, tools: tools)
        }
        if let word = try reader.string("level"), !word.isEmpty {
            guard let level = LogLevel(word: word) else {
                throw LogError(
                    "\(path).level: unknown level \"\(word)\", "
                        + "expected DEBUG, INFO, WARN, ERROR, PANIC or FATAL")
            }
            self.level = level
        }
        names.include = try reader.strings("include")
        names.exclude = try reader.strings("exclude")
        if let both = names.include.first(where: { names.exclude.contains($0) }) {
            throw LogError("\(path): \"\(both)\" is both included and excluded")
        }
        if let json = try reader.object("sampling") { sampler = try Self.readSampler(json) }
        try reader.finish()
    }

    private static func readSampler(_ json: ConfigReader) throws(LogError) -> LogSampler {
        var reader = json
        let interval = try reader.count("interval") ?? 0
        let first = try reader.count("first") ?? 0
        let thereafter = try reader.count("thereafter") ?? 0
        try reader.finish()
        return LogSampler(
            intervalNanoseconds: interval == 0 ? 1_000_000_000 : Int64(interval),
            first: first == 0 ? 100 : first, thereafter: thereafter == 0 ? 100 : thereafter)
    }
}

/// A destination as configured; equal values share one open output across reloads.
enum LogWriterConfig: Hashable {
    case discard
    case standardOutput
    case standardError
    case file(LogFileOptions)
    case net(LogNetOptions)

    /// The descriptor that may be a terminal.
    var streamDescriptor: Int32? {
        switch self {
        case .standardOutput: STDOUT_FILENO
        case .standardError: STDERR_FILENO
        case .discard, .file, .net: nil
        }
    }

    init(_ json: ConfigReader) throws(LogError) {
        var reader = json
        let output = try reader.string("output") ?? ""
        switch output {
        case "discard": self = .discard
        case "stdout": self = .standardOutput
        case "stderr": self = .standardError
        case "file": self = .file(try LogFileOptions(&reader))
        case "net": self = .net(try LogNetOptions(&reader))
        case _:
            throw LogError(
                "\(reader.path).output: unknown writer \"\(output)\", "
                    + "expected stdout, stderr, discard, file or net")
        }
        try reader.finish()
    }
}

extension LogFileOptions {
    init(_ reader: inout ConfigReader) throws(LogError) {
        guard let filename = try reader.string("filename"), !filename.isEmpty else {
            throw reader.wrong("filename", "the name of a file")
        }
        self.init(path: try absolutePath(filename))
        mode = try reader.fileMode("mode") ?? mode
        directoryMode = try reader.fileMode("dir_mode") ?? directoryMode
        let rolls = try reader.bool("roll") ?? true
        let megabytes = try reader.count("roll_size_mb") ?? 0
        rollBytesMax = rolls ? (megabytes == 0 ? 100 : megabytes) * 1024 * 1024 : nil
        rollGzip = try reader.bool("roll_gzip") ?? true
        if let compression: LogCompression = try reader.choice("roll_compression", "compression") {
            rollGzip = compression == .gzip
        }
        rollLocalTime = try reader.bool("roll_local_time") ?? false
        if let keep = try reader.count("roll_keep"), keep > 0 { rollKeep = keep }
        // The age counts in nanoseconds, so centuries are where it ends.
        if let days = try reader.count("roll_keep_days"), days > 0 {
            rollKeepDays = min(days, 36_500)
        }
    }
}

private enum LogCompression: String {
    case gzip, none
}

extension ConfigReader {
    /// Permission bits as an octal string, such as `"0640"`.
    fileprivate mutating func fileMode(_ name: String) throws(LogError) -> mode_t? {
        guard let text = try string(name), !text.isEmpty else { return nil }
        guard let bits = mode_t(text, radix: 8), bits > 0, bits <= 0o777 else {
            throw wrong(name, "permissions as an octal string such as \"0600\"")
        }
        return bits
    }
}

private func absolutePath(_ path: String) throws(LogError) -> String {
    if path.hasPrefix("/") { return path }
    guard let directory = getcwd(nil, 0) else {
        throw LogError("cannot resolve \(path): \(describe(errno: errno))")
    }
    defer { free(directory) }
    return String(cString: directory) + "/" + (path.hasPrefix("./") ? path.dropFirst(2) : path[...])
}
