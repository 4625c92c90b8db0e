// The trailer section of a chunked body (RFC 9112 §7.1.2), gathered and checked line by line.
import Base
import CGateway

/// Trailer lines in memory of their own, which most messages never need.
struct TrailerSection: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>?
    private var capacity = 0
    private var used = 0
    private var lineStart = 0
    private var fieldCount = 0

    init() {}

    deinit { memory?.deallocate() }

    var hasFields: Bool { fieldCount > 0 }

    /// - Returns: Whether the empty line that ends the section was read.
    mutating func read(
        _ bytes: UnsafePointer<UInt8>, _ at: inout Int, _ count: Int
    ) throws(HTTPError) -> Bool {
        // Nearly always there are no fields: nothing has to be kept.
        if used == 0, count - at >= 2, bytes[at] == Byte.carriageReturn,
            bytes[at + 1] == Byte.lineFeed
        {
            at += 2
            return true
        }
        while at < count {
            let lineFeed = findLineFeed(bytes, at, count)
            let end = min(lineFeed + 1, count)
            try append(bytes + at, end - at)
            at = end
            if lineFeed < count, try finishLine() { return true }
        }
        return false
    }

    /// Adds the fields that may stand in a trailer to a section.
    func copy(to section: UnsafeMutablePointer<gw_fields>) throws(FieldError) {
        guard let memory else { return }
        let classes = ByteClass.table
        let names = FieldNames.table
        var at = 0
        while at < lineStart {
            // Every line was checked as it came.
            guard let field = try? readFieldLine(memory, &at, lineStart, names, classes)
            else { return }
            if isForbidden(field.name_id) { continue }
            try FieldSection.addNamed(
                section,
                name: UnsafeBufferPointer(
                    start: memory + Int(field.name.off), count: Int(field.name.len)),
                value: UnsafeBufferPointer(
                    start: memory + Int(field.value.off), count: Int(field.value.len)))
        }
    }

    private mutating func finishLine() throws(HTTPError) -> Bool {
        guard let memory else { return false }
        guard used >= lineStart + 2 && memory[used - 2] == Byte.carriageReturn else {
            throw .bareLineFeed
        }
        if used == lineStart + 2 { return true }
        var at = lineStart
        _ = try readFieldLine(memory, &at, used, FieldNames.table, ByteClass.table)
        fieldCount += 1
        guard fieldCount <= Limits.headFieldsMax else { throw .tooManyFields }
        lineStart = used
        return false
    }

    private mutating func append(_ bytes: UnsafePointer<UInt8>, _ count: Int) throws(HTTPError) {
        guard used + count <= Limits.trailerBytesMax else { throw .trailersTooLarge }
        if used + count > capacity {
            let grown = max(256, (used + count) * 2)
            let new = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
            if let memory {
                new.update(from: memory, count: used)
                memory.deallocate()
            }
            memory = new
            capacity = grown
        }
        memory?.advanced(by: used).update(from: bytes, count: count)
        used += count
    }
}

/// Fields for framing, routing, authentication and content handling mean nothing or harm in a
/// trailer (RFC 9110 §6.5.1).
private func isForbidden(_ id: UInt16) -> Bool {
    switch Int32(id) {
    case GW_FIELD_HOST, GW_FIELD_CONNECTION, GW_FIELD_CONTENT_LENGTH,
        GW_FIELD_TRANSFER_ENCODING, GW_FIELD_TE, GW_FIELD_TRAILER, GW_FIELD_UPGRADE,
        GW_FIELD_KEEP_ALIVE, GW_FIELD_PROXY_CONNECTION, GW_FIELD_EXPECT, GW_FIELD_CONTENT_TYPE,
        GW_FIELD_CONTENT_ENCODING, GW_FIELD_DATE, GW_FIELD_AUTHORIZATION,
        GW_FIELD_PROXY_AUTHORIZATION, GW_FIELD_PROXY_AUTHENTICATE, GW_FIELD_WWW_AUTHENTICATE,
        GW_FIELD_COOKIE, GW_FIELD_SET_COOKIE, GW_FIELD_LOCATION, GW_FIELD_RANGE,
        GW_FIELD_X_FORWARDED_FOR, GW_FIELD_X_FORWARDED_PROTO, GW_FIELD_X_FORWARDED_HOST,
        GW_FIELD_FORWARDED, GW_FIELD_CACHE_CONTROL, GW_FIELD_IF_NONE_MATCH,
        GW_FIELD_IF_MODIFIED_SINCE, GW_FIELD_RETRY_AFTER, GW_FIELD_VARY:
        true
    default:
        false
    }
}
