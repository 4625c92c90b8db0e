// How severe a record is, in the order and spelling of Caddy's levels.

/// Severity of a record; a logger passes its own level and everything above.
package enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    case debug, info, warn, error, panic, fatal

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The level of a configuration's word in any case, nil when there is no such level.
    package init?(word: String) {
        switch word.lowercased() {
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warn
        case "error": self = .error
        case "panic": self = .panic
        case "fatal": self = .fatal
        case _: return nil
        }
    }

    package var lowerName: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        case .panic: "panic"
        case .fatal: "fatal"
        }
    }

    package var upperName: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warn: "WARN"
        case .error: "ERROR"
        case .panic: "PANIC"
        case .fatal: "FATAL"
        }
    }

    /// The terminal colour that goes with the level: an SGR sequence behind its escape byte.
    var terminalColor: StaticString {
        switch self {
        case .debug: "[35m"
        case .info: "[34m"
        case .warn: "[33m"
        case .error, .panic, .fatal: "[31m"
        }
    }
}
