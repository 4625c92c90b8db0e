// The `encoder` object of a log: json, console, and what stands around them: filter, append.
import Base

/// How a log writes its lines, as configured.
struct LogEncoderConfig {
    /// Nil leaves the choice to the writer: console on a terminal, else JSON.
    private var chosen: LogLineFormat?
    /// A console encoder without a level format colours terminals only.
    private var colorsTerminal = false
    private(set) var filter: LogFieldFilter?
    /// Members that every line gets, in JSON: those that the filter sees, and those it does not.
    private(set) var appended = LogAppendedFields()

    init() {}

    init(_ json: ConfigReader, tools: LogTextTools = .none) throws(LogError) {
        var reader = json
        let format = try reader.string("format") ?? ""
        switch format {
        case "json": chosen = try Self.readKeys(&reader, .json)
        case "console":
            chosen = try Self.readKeys(&reader, .console(isTerminal: false))
            colorsTerminal = try reader.string("level_format") ?? "" == ""
        case "filter":
            if let wrapped = try reader.object("wrap") {
                self = try LogEncoderConfig(wrapped, tools: tools)
            }
            guard filter == nil else {
                throw LogError("\(reader.path).wrap: a filter inside a filter is not supported")
            }
            filter = try LogFieldFilter(&reader, tools: tools)
        case "append":
            if let wrapped = try reader.object("wrap") {
                self = try LogEncoderConfig(wrapped, tools: tools)
            }
            try appended.add(&reader, isFiltered: filter != nil, tools)
        case _:
            throw LogError(
                "\(reader.path).format: unknown encoder \"\(format)\", "
                    + "expected json, console, filter or append")
        }
        try reader.finish()
    }

    func format(isTerminal: Bool) -> LogLineFormat {
        guard var format = chosen else {
            return isTerminal ? .console(isTerminal: true) : .json
        }
        if colorsTerminal && isTerminal { format.levelCase = .color }
        return format
    }

    private static func readKeys(
        _ reader: inout ConfigReader, _ defaults: LogLineFormat
    ) throws(LogError) -> LogLineFormat {
        var format = defaults
        format.messageKey = try reader.string("message_key") ?? format.messageKey
        format.levelKey = try reader.string("level_key") ?? format.levelKey
        format.timeKey = try reader.string("time_key") ?? format.timeKey
        format.nameKey = try reader.string("name_key") ?? format.nameKey
        format.lineEnding = try reader.string("line_ending") ?? format.lineEnding
        format.timeLocal = try reader.bool("time_local") ?? false
        format.timeFormat = try reader.choice("time_format", "time format") ?? format.timeFormat
        format.levelCase = try reader.choice("level_format", "level format") ?? format.levelCase
        // Records carry neither a source line nor a stack, so these two name nothing.
        _ = try reader.string("caller_key")
        _ = try reader.string("stacktrace_key")
        let durations = try reader.string("duration_format") ?? ""
        guard ["", "seconds", "s"].contains(durations) else {
            throw LogError(
                "\(reader.path).duration_format: \"\(durations)\" is not supported, "
                    + "durations are written in seconds")
        }
        return format
    }
}
