// What was decided and what was logged last, for the dashboard.
import PluginSDK
import Synchronization

/// The last events of one cache file's handlers, newest last. [any]
final class Journal: Sendable {
    static let countMax = 200

    struct DecisionRecord: Sendable {
        /// Seconds since 1970.
        var time: Int64
        var key: String
        var by: String
        var reason: String
        /// What was chosen, in a few words; nil when nothing was.
        var choice: String?
        var milliseconds: UInt64
    }

    struct LogRecord: Sendable {
        var time: Int64
        var level: LogLevel
        var message: String
        var fields: [(name: String, value: String)]
    }

    private struct State {
        var decisions: [DecisionRecord] = []
        var logs: [LogRecord] = []
    }

    private let state = Mutex(State())

    var decisions: [DecisionRecord] { state.withLock { $0.decisions } }
    var logs: [LogRecord] { state.withLock { $0.logs } }

    func record(_ decision: DecisionRecord) {
        state.withLock { state in
            if state.decisions.count == Self.countMax { state.decisions.removeFirst() }
            state.decisions.append(decision)
        }
    }

    /// Writes to the log of the gateway, and remembers it.
    func log(
        _ level: LogLevel, _ message: String, _ fields: [(StaticString, String)] = [],
        _ scope: Scope
    ) {
        switch fields.count {
        case 0: scope.log(level, message)
        case 1: scope.log(level, message, .text(fields[0].0, fields[0].1))
        default:
            scope.log(
                level, message, .text(fields[0].0, fields[0].1), .text(fields[1].0, fields[1].1))
        }
        let record = LogRecord(
            time: Int64(Clock.wall / 1_000_000_000), level: level, message: message,
            fields: fields.map { (name: "\($0.0)", value: $0.1) })
        state.withLock { state in
            if state.logs.count == Self.countMax { state.logs.removeFirst() }
            state.logs.append(record)
        }
    }
}
