// Points in time as text, without Foundation: the calendar of RFC 3339 from nanoseconds.

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Nanoseconds since 1970-01-01 00:00 UTC.
package typealias LogTimestamp = Int64

/// Reads the wall clock. Records of a worker carry the time that its caller read.
package func currentLogTime() -> LogTimestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

/// How an encoder writes the time of a record.
enum LogTimeFormat: String, Sendable {
    case unixSeconds = "unix_seconds_float"
    case unixMilliseconds = "unix_milli_float"
    case unixNanoseconds = "unix_nano"
    case iso8601
    case rfc3339
    case rfc3339Nano = "rfc3339_nano"
    case wall
    case wallMilli = "wall_milli"
    case wallNano = "wall_nano"
    case commonLog = "common_log"

    /// Whether the text is a JSON number, which needs no quotes.
    var isNumber: Bool {
        switch self {
        case .unixSeconds, .unixMilliseconds, .unixNanoseconds: true
        case .iso8601, .rfc3339, .rfc3339Nano, .wall, .wallMilli, .wallNano, .commonLog: false
        }
    }
}

/// A day and time of day with its distance from UTC.
struct CalendarTime {
    var year: UInt64
    var month: UInt64
    var day: UInt64
    var hour: UInt64
    var minute: UInt64
    var second: UInt64
    var nanosecond: UInt64
    var utcOffsetMinutes: Int

    init(_ timestamp: LogTimestamp, local: Bool) {
        let nanoseconds = max(timestamp, 0)
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        if local {
            localtime_r(&seconds, &parts)
        } else {
            gmtime_r(&seconds, &parts)
        }
        year = UInt64(max(Int(parts.tm_year) + 1900, 0))
        month = UInt64(parts.tm_mon + 1)
        day = UInt64(parts.tm_mday)
        hour = UInt64(parts.tm_hour)
        minute = UInt64(parts.tm_min)
        second = UInt64(parts.tm_sec)
        nanosecond = UInt64(nanoseconds % 1_000_000_000)
        utcOffsetMinutes = parts.tm_gmtoff / 60
    }
}

extension LogBuffer {
    func append(time: LogTimestamp, format: LogTimeFormat, local: Bool) {
        switch format {
        case .unixSeconds: append(seconds: time)
        case .unixMilliseconds:
            append(decimal: time / 1_000_000)
            append(fraction: (time % 1_000_000).magnitude, digits: 6)
        case .unixNanoseconds: append(decimal: time)
        case .iso8601, .rfc3339, .rfc3339Nano, .wall, .wallMilli, .wallNano, .commonLog:
            append(calendar: CalendarTime(time, local: local), format: format)
        }
    }

    private func append(calendar time: CalendarTime, format: LogTimeFormat) {
        switch format {
        case .unixSeconds, .unixMilliseconds, .unixNanoseconds: break
        case .iso8601:
            append(date: time, separator: "-")
            append("T")
            append(clock: time, separator: ":")
            append(".")
            append(decimal: time.nanosecond / 1_000_000, width: 3)
            append(utcOffset: time, separator: "")
        case .rfc3339, .rfc3339Nano:
            append(date: time, separator: "-")
            append("T")
            append(clock: time, separator: ":")
            if format == .rfc3339Nano { append(fraction: time.nanosecond, digits: 9) }
            append(utcOffset: time, separator: ":")
        case .wall, .wallMilli, .wallNano:
            append(date: time, separator: "/")
            append(" ")
            append(clock: time, separator: ":")
            if format == .wall { return }
            append(".")
            let millisecond = format == .wallMilli
            append(
                decimal: millisecond ? time.nanosecond / 1_000_000 : time.nanosecond,
                width: millisecond ? 3 : 9)
        case .commonLog: append(commonLog: time)
        }
    }

    func append(date time: CalendarTime, separator: StaticString) {
        append(decimal: time.year, width: 4)
        append(separator)
        append(decimal: time.month, width: 2)
        append(separator)
        append(decimal: time.day, width: 2)
    }

    func append(clock time: CalendarTime, separator: StaticString) {
        append(decimal: time.hour, width: 2)
        append(separator)
        append(decimal: time.minute, width: 2)
        append(separator)
        append(decimal: time.second, width: 2)
    }

    /// `Z` for UTC where a separator is asked for (RFC 3339 §5.6) or not; else `+01:00`.
    private func append(utcOffset time: CalendarTime, separator: StaticString) {
        if time.utcOffsetMinutes == 0 {
            append("Z")
            return
        }
        append(signedOffset: time, separator: separator)
    }

    private func append(signedOffset time: CalendarTime, separator: StaticString) {
        append(time.utcOffsetMinutes < 0 ? "-" : "+")
        let minutes = UInt64(time.utcOffsetMinutes.magnitude)
        append(decimal: minutes / 60, width: 2)
        append(separator)
        append(decimal: minutes % 60, width: 2)
    }

    /// `20/Nov/2026:12:34:56 +0000`.
    private func append(commonLog time: CalendarTime) {
        let months: InlineArray<12, StaticString> = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        append(decimal: time.day, width: 2)
        append("/")
        append(months[Int(time.month - 1) % 12])
        append("/")
        append(decimal: time.year, width: 4)
        append(":")
        append(clock: time, separator: ":")
        append(" ")
        append(signedOffset: time, separator: "")
    }
}
