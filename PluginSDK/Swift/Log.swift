// Log records and clocks. [any]
import CGateway

public enum LogLevel: UInt32, Sendable {
    case debug = 0
    case info = 1
    case warn = 2
    case error = 3
}

/// A typed field of a log record.
public struct LogField {
    enum Value {
        case text(String)
        case int(Int64)
        case bool(Bool)
        case nanoseconds(Int64)
    }

    let key: StaticString
    let value: Value

    public static func text(_ key: StaticString, _ value: String) -> LogField {
        LogField(key: key, value: .text(value))
    }

    public static func int(_ key: StaticString, _ value: some BinaryInteger) -> LogField {
        LogField(key: key, value: .int(Int64(clamping: value)))
    }

    public static func bool(_ key: StaticString, _ value: Bool) -> LogField {
        LogField(key: key, value: .bool(value))
    }

    public static func duration(_ key: StaticString, nanoseconds: UInt64) -> LogField {
        LogField(key: key, value: .nanoseconds(Int64(clamping: nanoseconds)))
    }

    private func record(text: gw_view) -> gw_log_field {
        var field = gw_log_field()
        field.key = Bytes(stringLiteral: key).view
        switch value {
        case .text:
            field.kind = UInt32(GW_VALUE_TEXT)
            field.text = text
        case .int(let value):
            field.kind = UInt32(GW_VALUE_INT)
            field.integer = value
        case .bool(let value):
            field.kind = UInt32(GW_VALUE_BOOL)
            field.integer = value ? 1 : 0
        case .nanoseconds(let value):
            field.kind = UInt32(GW_VALUE_DURATION)
            field.integer = value
        }
        return field
    }

    /// Calls `body` with the records of the fields, whose text lives until it returns.
    static func withRecords(
        _ fields: ArraySlice<LogField>, _ made: [gw_log_field] = [],
        _ body: ([gw_log_field]) -> Void
    ) {
        guard let field = fields.first else { return body(made) }
        let text = if case .text(let text) = field.value { text } else { "" }
        text.withBytes {
            withRecords(fields.dropFirst(), made + [field.record(text: $0.view)], body)
        }
    }
}

extension Scope {
    public func isLogged(_ level: LogLevel) -> Bool {
        Host.core.pointee.log_enabled(pointer, level.rawValue) == 1
    }

    /// Writes one record under the name of the module. Never blocks; allocates for fields.
    public func log(_ level: LogLevel, _ message: String, _ fields: LogField...) {
        guard isLogged(level) else { return }
        message.withBytes { message in
            LogField.withRecords(fields[...]) { records in
                Host.core.pointee.log(
                    pointer, level.rawValue, message.view, records, records.count)
            }
        }
    }
}

/// The clocks of the host, in nanoseconds.
public enum Clock {
    /// Never goes back.
    public static var monotonic: UInt64 { Host.core.pointee.now_monotonic() }
    /// Since 1970 (UTC).
    public static var wall: UInt64 { Host.core.pointee.now_wall() }
}
