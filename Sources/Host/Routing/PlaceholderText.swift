// Pieces of text that placeholders are made of: path parts, escapes, numbers, dates.
import Base

@inline(__always)
func staticBytes(_ text: StaticString) -> Bytes {
    Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
}

/// Appends to a piece of the arena of a size fixed at the start.
struct ArenaWriter {
    private let memory: UnsafeMutableRawBufferPointer?
    private var count = 0

    init(_ arena: Arena, capacity: Int) {
        memory = arena.allocate(capacity).map {
            UnsafeMutableRawBufferPointer(start: $0, count: capacity)
        }
    }

    mutating func append(_ byte: UInt8) {
        guard let memory, count < memory.count else { return }
        memory[count] = byte
        count += 1
    }

    mutating func append(_ bytes: Bytes) {
        for byte in bytes { append(byte) }
    }

    mutating func append(_ text: StaticString) {
        append(staticBytes(text))
    }

    mutating func append(decimal number: UInt64, minimumDigits: Int = 1) {
        var divisor: UInt64 = 1
        var digits = 1
        while number / divisor >= 10 || digits < minimumDigits {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            append(48 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// With as many decimals as the number needs and no more.
    mutating func append(decimal number: UInt64, dividedByPowerOfTen power: Int) {
        var unit: UInt64 = 1
        for _ in 0..<power { unit *= 10 }
        append(decimal: number / unit)
        var rest = number % unit
        if rest > 0 { append(0x2e) }
        while rest > 0 {
            unit /= 10
            append(48 + UInt8(truncatingIfNeeded: rest / unit))
            rest %= unit
        }
    }

    /// What was written; nil when the arena was full.
    func finish() -> Bytes? {
        guard let memory else { return nil }
        return Bytes(start: memory.baseAddress, count: count)
    }
}

extension RequestContext {
    /// `path` without its escapes; borrowed when it has none. Broken escapes stay as they are.
    func decodedPath(_ path: Bytes) -> Bytes? {
        guard path.firstOffset(of: 0x25) != nil else { return path }
        return decoded(path, plusIsSpace: false)
    }

    /// Percent-decoded copy in the arena, as in a query when `plusIsSpace`.
    package func decoded(_ text: Bytes, plusIsSpace: Bool) -> Bytes? {
        var writer = ArenaWriter(arena, capacity: text.count)
        var reader = EscapeReader(text, plusIsSpace: plusIsSpace)
        while let byte = reader.next() { writer.append(byte) }
        return writer.finish()
    }

    /// Escaped so that it can be the value of a query parameter.
    func queryEscaped(_ text: Bytes) -> Bytes? {
        var writer = ArenaWriter(arena, capacity: text.count * 3)
        for byte in text {
            switch byte {
            case 48...57, 65...90, 97...122, 0x2d, 0x2e, 0x5f, 0x7e: writer.append(byte)
            case 0x20: writer.append(0x2b)
            default:
                writer.append(0x25)
                writer.append(upperHexDigit(byte >> 4))
                writer.append(upperHexDigit(byte & 15))
            }
        }
        return writer.finish()
    }
}

private func upperHexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 48 + value : 55 + value
}

/// Gives the bytes of a percent-encoded text one by one. Broken escapes come as they are.
struct EscapeReader {
    private let text: Bytes
    private let plusIsSpace: Bool
    private var index = 0

    init(_ text: Bytes, plusIsSpace: Bool) {
        self.text = text
        self.plusIsSpace = plusIsSpace
    }

    mutating func next() -> UInt8? {
        guard index < text.count else { return nil }
        let byte = text[index]
        index += 1
        if byte == 0x2b, plusIsSpace { return 0x20 }
        guard byte == 0x25, index + 1 < text.count, let high = hexDigitValue(text[index]),
            let low = hexDigitValue(text[index + 1])
        else { return byte }
        index += 2
        return high << 4 | low
    }
}

/// Everything up to the last slash, and what is behind it.
func splitPath(_ path: Bytes) -> (directory: Bytes, file: Bytes) {
    guard let slash = path.lastOffset(of: 0x2f) else { return (.empty, path) }
    return (path.slice(0, slash + 1), path.slice(slash + 1, path.count))
}

/// The last segment without and the part of it from its last dot.
func fileParts(_ path: Bytes) -> (base: Bytes, suffix: Bytes) {
    let file = splitPath(path).file
    guard let dot = file.lastOffset(of: 0x2e) else { return (file, .empty) }
    return (file.slice(0, dot), file.slice(dot, file.count))
}

enum TimeFormat { case plain, http, commonLog, year }

/// UTC. Nil when the arena is full.
func formatTime(_ wallNanoseconds: Int64, _ format: TimeFormat, in arena: Arena) -> Bytes? {
    let seconds = max(0, wallNanoseconds / 1_000_000_000)
    let date = civilDate(daysSince1970: seconds / 86_400)
    let clock = UInt64(seconds % 86_400)
    var writer = ArenaWriter(arena, capacity: 48)
    switch format {
    case .year: writer.append(decimal: date.year)
    case .plain:
        writer.append(decimal: date.year)
        writer.append(0x2d)
        writer.append(decimal: date.month, minimumDigits: 2)
        writer.append(0x2d)
        writer.append(decimal: date.day, minimumDigits: 2)
        writer.append(0x20)
        writer.append(clock: clock)
        writer.append(" +0000 UTC")
    case .http:
        writer.append(weekday: UInt64(seconds / 86_400 + 4) % 7)
        writer.append(", ")
        writer.append(decimal: date.day, minimumDigits: 2)
        writer.append(0x20)
        writer.append(month: date.month)
        writer.append(0x20)
        writer.append(decimal: date.year)
        writer.append(0x20)
        writer.append(clock: clock)
        writer.append(" GMT")
    case .commonLog:
        writer.append(decimal: date.day, minimumDigits: 2)
        writer.append(0x2f)
        writer.append(month: date.month)
        writer.append(0x2f)
        writer.append(decimal: date.year)
        writer.append(0x3a)
        writer.append(clock: clock)
        writer.append(" +0000")
    }
    return writer.finish()
}

extension ArenaWriter {
    fileprivate mutating func append(clock seconds: UInt64) {
        append(decimal: seconds / 3600, minimumDigits: 2)
        append(0x3a)
        append(decimal: seconds / 60 % 60, minimumDigits: 2)
        append(0x3a)
        append(decimal: seconds % 60, minimumDigits: 2)
    }

    fileprivate mutating func append(month: UInt64) {
        let names = staticBytes("JanFebMarAprMayJunJulAugSepOctNovDec")
        append(names.slice(Int(month) * 3 - 3, Int(month) * 3))
    }

    fileprivate mutating func append(weekday: UInt64) {
        let names = staticBytes("SunMonTueWedThuFriSat")
        append(names.slice(Int(weekday) * 3, Int(weekday) * 3 + 3))
    }
}

/// The Gregorian date of a day; years are counted from March so that leap days come last.
private func civilDate(
    daysSince1970 days: Int64
) -> (year: UInt64, month: UInt64, day: UInt64) {
    let shifted = UInt64(days + 719_468)
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
}

/// The reason phrase of a status (RFC 9110 §15), empty for one that has none.
package func statusText(_ status: UInt16) -> Bytes {
    switch status {
    case 100: staticBytes("Continue")
    case 101: staticBytes("Switching Protocols")
    case 200: staticBytes("OK")
    case 201: staticBytes("Created")
    case 202: staticBytes("Accepted")
    case 204: staticBytes("No Content")
    case 206: staticBytes("Partial Content")
    case 301: staticBytes("Moved Permanently")
    case 302: staticBytes("Found")
    case 303: staticBytes("See Other")
    case 304: staticBytes("Not Modified")
    case 307: staticBytes("Temporary Redirect")
    case 308: staticBytes("Permanent Redirect")
    case 400: staticBytes("Bad Request")
    case 401: staticBytes("Unauthorized")
    case 402: staticBytes("Payment Required")
    case 403: staticBytes("Forbidden")
    case 404: staticBytes("Not Found")
    case 405: staticBytes("Method Not Allowed")
    case 406: staticBytes("Not Acceptable")
    case 408: staticBytes("Request Timeout")
    case 409: staticBytes("Conflict")
    case 410: staticBytes("Gone")
    case 411: staticBytes("Length Required")
    case 412: staticBytes("Precondition Failed")
    case 413: staticBytes("Request Entity Too Large")
    case 414: staticBytes("Request URI Too Long")
    case 415: staticBytes("Unsupported Media Type")
    case 416: staticBytes("Requested Range Not Satisfiable")
    case 417: staticBytes("Expectation Failed")
    case 421: staticBytes("Misdirected Request")
    case 422: staticBytes("Unprocessable Entity")
    case 425: staticBytes("Too Early")
    case 426: staticBytes("Upgrade Required")
    case 428: staticBytes("Precondition Required")
    case 429: staticBytes("Too Many Requests")
    case 431: staticBytes("Request Header Fields Too Large")
    case 451: staticBytes("Unavailable For Legal Reasons")
    case 500: staticBytes("Internal Server Error")
    case 501: staticBytes("Not Implemented")
    case 502: staticBytes("Bad Gateway")
    case 503: staticBytes("Service Unavailable")
    case 504: staticBytes("Gateway Timeout")
    case 505: staticBytes("HTTP Version Not Supported")
    case 507: staticBytes("Insufficient Storage")
    default: .empty
    }
}
