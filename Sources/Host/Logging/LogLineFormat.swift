// How a record becomes a line: JSON with Caddy's keys, or the console form for people.

/// The encoder of a log. Runs on the writer thread.
struct LogLineFormat: Sendable {
    enum Kind: Sendable { case json, console }
    enum LevelCase: String, Sendable { case lower, upper, color }

    var kind = Kind.json
    /// An empty key leaves its value out.
    var messageKey = "msg"
    var levelKey = "level"
    var timeKey = "ts"
    var nameKey = "logger"
    var lineEnding = "\n"
    var timeFormat = LogTimeFormat.unixSeconds
    var timeLocal = false
    var levelCase = LevelCase.lower

    static let json = LogLineFormat()

    /// - Parameter isTerminal: Whether the level may be coloured.
    static func console(isTerminal: Bool) -> LogLineFormat {
        LogLineFormat(
            kind: .console, timeFormat: .wallMilli, levelCase: isTerminal ? .color : .upper)
    }

    func append(_ line: LogLine, to buffer: LogBuffer) {
        switch kind {
        case .json: appendJSON(line, to: buffer)
        case .console: appendConsole(line, to: buffer)
        }
        buffer.append(lineEnding)
    }

    private func appendJSON(_ line: LogLine, to buffer: LogBuffer) {
        buffer.append("{")
        if appendKey(levelKey, to: buffer) {
            buffer.append("\"")
            appendLevel(line.level, to: buffer, escape: "\\u001b")
            buffer.append("\"")
        }
        if appendKey(timeKey, to: buffer) {
            if !timeFormat.isNumber { buffer.append("\"") }
            buffer.append(time: line.time, format: timeFormat, local: timeLocal)
            if !timeFormat.isNumber { buffer.append("\"") }
        }
        if line.logger.count > 0, appendKey(nameKey, to: buffer) {
            buffer.append("\"")
            buffer.append(jsonEscaped: line.logger)
            buffer.append("\"")
        }
        if appendKey(messageKey, to: buffer) {
            buffer.append("\"")
            buffer.append(jsonEscaped: line.message)
            buffer.append("\"")
        }
        if line.fields.count > 0 {
            if buffer.last != UInt8(ascii: "{") { buffer.append(",") }
            buffer.append(line.fields)
        }
        buffer.append("}")
    }

    /// `time TAB LEVEL TAB logger TAB message TAB {fields}`.
    private func appendConsole(_ line: LogLine, to buffer: LogBuffer) {
        let start = buffer.count
        if !timeKey.isEmpty {
            buffer.append(time: line.time, format: timeFormat, local: timeLocal)
        }
        if !levelKey.isEmpty {
            appendTab(from: start, to: buffer)
            appendLevel(line.level, to: buffer, escape: "\u{1B}")
        }
        if line.logger.count > 0 && !nameKey.isEmpty {
            appendTab(from: start, to: buffer)
            buffer.append(jsonEscaped: line.logger, quoted: false)
        }
        if !messageKey.isEmpty {
            appendTab(from: start, to: buffer)
            buffer.append(jsonEscaped: line.message, quoted: false)
        }
        if line.fields.count > 0 {
            appendTab(from: start, to: buffer)
            buffer.append("{")
            appendSpaced(line.fields, to: buffer)
            buffer.append("}")
        }
    }

    private func appendKey(_ key: String, to buffer: LogBuffer) -> Bool {
        guard !key.isEmpty else { return false }
        if buffer.last != UInt8(ascii: "{") { buffer.append(",") }
        var key = key
        buffer.append("\"")
        key.withUTF8 { _ = buffer.append(jsonEscaped: UnsafeRawBufferPointer($0)) }
        buffer.append("\":")
        return true
    }

    private func appendTab(from start: Int, to buffer: LogBuffer) {
        if buffer.count > start { buffer.append("\t") }
    }

    private func appendLevel(_ level: LogLevel, to buffer: LogBuffer, escape: StaticString) {
        switch levelCase {
        case .lower: buffer.append(level.lowerName)
        case .upper: buffer.append(level.upperName)
        case .color:
            buffer.append(escape)
            buffer.append(level.terminalColor)
            buffer.append(level.upperName)
            buffer.append(escape)
            buffer.append("[0m")
        }
    }

    /// The fields with a space behind colons and commas, for reading.
    private func appendSpaced(_ fields: UnsafeRawBufferPointer, to buffer: LogBuffer) {
        var isString = false
        var isEscaped = false
        for byte in fields {
            buffer.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isString.toggle()
            } else if !isString && (byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",")) {
                buffer.append(" ")
            }
        }
    }
}

/// A record as the writer thread sees it; the bytes are borrowed.
struct LogLine {
    let level: LogLevel
    let time: LogTimestamp
    let logger: UnsafeRawBufferPointer
    let message: UnsafeRawBufferPointer
    /// Canonical JSON members without the outer braces.
    var fields: UnsafeRawBufferPointer
}
