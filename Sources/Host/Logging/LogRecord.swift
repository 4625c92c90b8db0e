// Encodes the fields of one record as JSON, straight from raw bytes into a reusable buffer.
private import Base

/// The record that a producer is filling: its message and its fields as canonical JSON without the
/// outer braces, which every encoder of the writer thread can wrap.
///
/// One thread at a time; the buffers are kept, so that filling allocates nothing in steady state.
/// Field names are text of this program: printable ASCII without quotes and backslashes. Names that
/// come from elsewhere go through `key(bytes:)`.
package final class LogRecord {
    let fields = LogBuffer()
    let message = LogBuffer(capacity: 256)
    private(set) var level = LogLevel.info
    private(set) var time: LogTimestamp = 0
    private var depth = 0
    private var isCut = false
    private var headers: [LogHeader] = []

    package init() { headers.reserveCapacity(64) }

    func begin(level: LogLevel, time: LogTimestamp) {
        self.level = level
        self.time = time
        depth = 0
        isCut = false
        message.clear()
        fields.clear()
    }

    /// Closes what is still open, so that a record is valid JSON whatever its caller forgot.
    func end() {
        precondition(depth == 0, "a log record ended inside an object or array")
        if isCut { field("truncated", true) }
    }

    // Values

    package func field(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) {
        key(name)
        value(bytes)
    }

    package func field(_ name: StaticString, _ text: StaticString) {
        field(
            name,
            UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Control plane only: a `String` may have to be converted.
    package func field(_ name: StaticString, _ text: String) {
        var text = text
        text.withUTF8 { field(name, UnsafeRawBufferPointer($0)) }
    }

    package func field(_ name: StaticString, _ number: Int) {
        key(name)
        fields.append(decimal: Int64(number))
    }

    package func field(_ name: StaticString, unsigned number: UInt64) {
        key(name)
        fields.append(decimal: number)
    }

    /// Allocates; not for a worker.
    package func field(_ name: StaticString, _ number: Double) {
        key(name)
        fields.append(double: number)
    }

    package func field(_ name: StaticString, _ truth: Bool) {
        key(name)
        fields.append(truth ? "true" : "false")
    }

    /// A duration, written in seconds.
    package func field(_ name: StaticString, nanoseconds: Int64) {
        key(name)
        fields.append(seconds: nanoseconds)
    }

    /// Appends a string to the open array, or after `key(bytes:)`.
    package func value(_ bytes: UnsafeRawBufferPointer) {
        separate()
        fields.append(UInt8(ascii: "\""))
        if !fields.append(jsonEscaped: bytes, countMax: Limits.logRecordBytesMax) { isCut = true }
        fields.append(UInt8(ascii: "\""))
    }

    package func value(_ number: Int) {
        separate()
        fields.append(decimal: Int64(number))
    }

    /// Begins a member whose name is not ours; a value, object or array follows.
    package func key(bytes: UnsafeRawBufferPointer) {
        separate()
        fields.append(UInt8(ascii: "\""))
        if !fields.append(jsonEscaped: bytes, countMax: Limits.logRecordBytesMax) { isCut = true }
        fields.append("\":")
    }

    private func key(_ name: StaticString) {
        separate()
        fields.append(UInt8(ascii: "\""))
        fields.append(name)
        fields.append("\":")
    }

    // Nesting

    package func beginObject(_ name: StaticString) {
        key(name)
        open(UInt8(ascii: "{"))
    }

    /// An object as an element, or after `key(bytes:)`.
    package func beginObject() {
        separate()
        open(UInt8(ascii: "{"))
    }

    package func endObject() { close(UInt8(ascii: "}")) }

    package func beginArray(_ name: StaticString) {
        key(name)
        open(UInt8(ascii: "["))
    }

    package func beginArray() {
        separate()
        open(UInt8(ascii: "["))
    }

    package func endArray() { close(UInt8(ascii: "]")) }

    private func open(_ bracket: UInt8) {
        fields.append(bracket)
        depth += 1
    }

    private func close(_ bracket: UInt8) {
        precondition(depth > 0, "a log record closed an object or array that it did not open")
        fields.append(bracket)
        depth -= 1
    }

    /// A comma before every element and member but the first: a string, number or word cannot end
    /// with any of these bytes.
    private func separate() {
        switch fields.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        case _: fields.append(UInt8(ascii: ","))
        }
    }
}

/// One header line; the bytes are borrowed until `endHeaders`.
struct LogHeader {
    let name: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
}

extension LogRecord {
    /// Begins a header map: `header` for every line, then `endHeaders`.
    package func beginHeaders() { headers.removeAll(keepingCapacity: true) }

    /// Adds one header line. The bytes have to stay until `endHeaders`.
    package func header(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        headers.append(LogHeader(name: name, value: value))
    }

    /// Writes the lines as `{"Name":["value", …]}`: repeated names grouped, in the spelling of
    /// HTTP/1 (`content-type` is `Content-Type`), credentials as `REDACTED`.
    ///
    /// - Parameters:
    ///   - hidden: A lower-case name that is left out, such as `host`, which has its own field.
    ///   - logCredentials: Whether the configuration asks for the credentials themselves.
    package func endHeaders(
        _ name: StaticString, hidden: StaticString = "", logCredentials: Bool = false
    ) {
        beginObject(name)
        for index in headers.indices {
            let name = headers[index].name
            if equalsIgnoringCase(name, hidden) || isRepeated(index) { continue }
            if fields.count >= Limits.logRecordBytesMax {
                isCut = true
                break
            }
            key(header: name)
            open(UInt8(ascii: "["))
            if !logCredentials && CredentialNames.contains(name) {
                fields.append("\"REDACTED\"")
            } else {
                values(from: index)
            }
            close(UInt8(ascii: "]"))
        }
        endObject()
    }

    private func isRepeated(_ index: Int) -> Bool {
        for earlier in 0..<index
        where equalsIgnoringCase(headers[earlier].name, headers[index].name) { return true }
        return false
    }

    private func values(from first: Int) {
        for index in first..<headers.count
        where equalsIgnoringCase(headers[index].name, headers[first].name) {
            value(headers[index].value)
        }
    }

    private func key(header name: UnsafeRawBufferPointer) {
        let start = fields.count
        key(bytes: name)
        fields.canonicalizeHeaderName(from: start)
    }
}
