// One configured log: what it takes, how it writes a line, and where the line goes.
private import Base

/// A log of the configuration, provisioned. Immutable but for the sampler, which only the writer
/// thread touches.
final class LogSink: @unchecked Sendable {
    let level: LogLevel
    let output: LogOutput
    private let names: LogNameFilter
    private let format: LogLineFormat
    private let filter: LogFieldFilter?
    private let appended: LogAppendedFields
    private var sampler: LogSampler?
    private let filtered = LogBuffer()
    private let joined = LogBuffer()

    init(
        level: LogLevel, output: LogOutput, names: LogNameFilter, format: LogLineFormat,
        filter: LogFieldFilter?, appended: LogAppendedFields = LogAppendedFields(),
        sampler: LogSampler?
    ) {
        self.level = level
        self.output = output
        self.names = names
        self.format = format
        self.filter = filter
        self.appended = appended
        self.sampler = sampler
    }

    func takes(loggerNamed name: String) -> Bool { names.allows(name) }

    /// Writes the record as a line, unless level or sampling leave it out. Writer thread only.
    func write(_ line: LogLine, now: LogTimestamp) {
        guard line.level >= level else { return }
        guard sampler?.admits(line) ?? true else { return }
        var line = line
        if !appended.filtered.isEmpty {
            LogAppendedFields.join(appended.filtered, line.fields, into: joined)
            line.fields = joined.bytes
        }
        if let filter {
            filter.rewrite(line.fields, into: filtered)
            line.fields = filtered.bytes
        }
        if !appended.plain.isEmpty {
            LogAppendedFields.join(appended.plain, line.fields, into: joined)
            line.fields = joined.bytes
        }
        output.writeLine(now: now) { format.append(line, to: $0) }
    }
}

/// Which logger names a log takes: dotted prefixes, the longer match decides.
struct LogNameFilter: Sendable {
    var include: [String] = []
    var exclude: [String] = []

    func allows(_ name: String) -> Bool {
        let included = longestMatch(name, include)
        if included == nil && !include.isEmpty { return false }
        guard let excluded = longestMatch(name, exclude) else { return true }
        guard let included else { return false }
        return included > excluded
    }

    private func longestMatch(_ name: String, _ prefixes: [String]) -> Int? {
        prefixes.filter { name == $0 || name.hasPrefix($0 + ".") }.map(\.utf8.count).max()
    }
}

/// Lets the first records of a kind through in every interval, and then every nth.
struct LogSampler {
    let intervalNanoseconds: Int64
    let first: Int
    let thereafter: Int
    private var windows: [Kind: Window] = [:]

    private struct Kind: Hashable {
        let level: LogLevel
        let message: [UInt8]
    }

    private struct Window {
        var start: LogTimestamp
        var count: Int
    }

    init(intervalNanoseconds: Int64, first: Int, thereafter: Int) {
        self.intervalNanoseconds = intervalNanoseconds
        self.first = first
        self.thereafter = thereafter
    }

    mutating func admits(_ line: LogLine) -> Bool {
        let kind = Kind(level: line.level, message: Array(line.message))
        if windows.count >= Limits.logSampledKindsMax { windows.removeAll() }
        var window = windows[kind] ?? Window(start: line.time, count: 0)
        if line.time - window.start >= intervalNanoseconds {
            window = Window(start: line.time, count: 0)
        }
        window.count += 1
        windows[kind] = window
        if window.count <= first { return true }
        return thereafter > 0 && (window.count - first) % thereafter == 0
    }
}
