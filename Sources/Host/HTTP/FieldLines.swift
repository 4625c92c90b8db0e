// Field lines of heads and trailers (RFC 9112 §5), read strictly into the ABI's field table.
import CGateway

/// Host-only flags of `gw_field.flags`.
package enum FieldFlag {
    /// Connection named this field (RFC 9110 §7.6.1): it is not passed on. A handler that sets the
    /// field afterwards clears the flag, so that a client cannot have it removed.
    package static let hopByHop: UInt16 = 0x8000
}

@inline(__always)
func makeRef(_ start: Int, _ end: Int) -> gw_ref {
    gw_ref(off: UInt32(truncatingIfNeeded: start), len: UInt32(truncatingIfNeeded: end &- start))
}

/// Reads one field line that ends before `end`; moves `at` behind its CR LF. Refuses folded lines,
/// white space before the colon, and controls. The last octet before `end` is a line feed, which
/// stops every loop here.
@inline(__always)
func readFieldLine(
    _ bytes: UnsafePointer<UInt8>, _ at: inout Int, _ end: Int,
    _ names: FieldNameTable, _ classes: UnsafePointer<UInt8>
) throws(HTTPError) -> gw_field {
    let nameStart = at
    var cursor = at
    while classes[Int(bytes[cursor])] & ByteClass.token != 0 { cursor &+= 1 }
    let nameEnd = cursor
    guard nameEnd > nameStart && bytes[cursor] == Byte.colon else {
        let first = bytes[nameStart]
        throw first == Byte.space || first == Byte.tab ? .lineFolded : .fieldNameInvalid
    }
    cursor &+= 1
    while bytes[cursor] == Byte.space || bytes[cursor] == Byte.tab { cursor &+= 1 }
    let valueStart = cursor
    cursor = findControl(bytes, cursor, end)
    guard cursor &+ 1 < end && bytes[cursor] == Byte.carriageReturn else {
        throw bytes[cursor] == Byte.lineFeed ? .bareLineFeed : .fieldValueInvalid
    }
    guard bytes[cursor &+ 1] == Byte.lineFeed else { throw .bareCarriageReturn }
    at = cursor &+ 2
    while cursor > valueStart
        && (bytes[cursor &- 1] == Byte.space || bytes[cursor &- 1] == Byte.tab)
    {
        cursor &-= 1
    }
    return gw_field(
        name_id: names.lookup(bytes + nameStart, nameEnd &- nameStart), flags: 0,
        name: makeRef(nameStart, nameEnd), value: makeRef(valueStart, cursor))
}

/// What the fields say that decide on framing and connection, gathered line by line.
struct ControlFields {
    private(set) var contentLength: UInt64?
    private(set) var isChunked = false
    private(set) var options: ConnectionOptions = []

    /// Takes note of a field whose id is one of the control fields' (up to GW_FIELD_EXPECT).
    @inline(never)
    mutating func note(_ field: gw_field, _ bytes: UnsafePointer<UInt8>) throws(HTTPError) {
        let value = bytes + Int(field.value.off)
        let count = Int(field.value.len)
        switch field.name_id {
        case FieldID.contentLength:
            guard contentLength == nil else { throw .lengthRepeated }
            contentLength = try parseContentLength(value, count)
        case FieldID.transferEncoding:
            guard !isChunked else { throw .codingInvalid }
            try checkTransferEncoding(value, count)
            isChunked = true
        case FieldID.connection:
            try options.formUnion(parseConnectionOptions(value, count))
        default:
            break
        }
    }

    /// Refuses what contradicts itself (RFC 9112 §6.1).
    func check(version: UInt8) throws(HTTPError) {
        guard isChunked else { return }
        guard contentLength == nil else { throw .codingWithLength }
        guard version >= 11 else { throw .codingInOldVersion }
    }

    /// RFC 9112 §9.3.
    func keepsAlive(version: UInt8) -> Bool {
        if options.contains(.close) { return false }
        return version >= 11 || options.contains(.keepAlive)
    }
}

/// Connection options that the host acts on, and whether there are others.
package struct ConnectionOptions: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let close = ConnectionOptions(rawValue: 1)
    package static let keepAlive = ConnectionOptions(rawValue: 2)
    package static let upgrade = ConnectionOptions(rawValue: 4)
    /// Names of fields.
    package static let others = ConnectionOptions(rawValue: 8)
}

/// Content-Length is digits and nothing else (RFC 9110 §8.6); 18 of them are enough for anybody.
private func parseContentLength(
    _ value: UnsafePointer<UInt8>, _ count: Int
) throws(HTTPError) -> UInt64 {
    guard count > 0 && all(value, count, are: ByteClass.digit) else { throw .lengthInvalid }
    var length: UInt64 = 0
    for index in 0..<count {
        length = length * 10 + UInt64(value[index] - 0x30)
        guard length < 1_000_000_000_000_000_000 else { throw .lengthTooLarge }
    }
    return length
}

/// The value must be "chunked". Another coding before it is 501, any other text 400: its end
/// cannot be told (RFC 9112 §6.1, §6.3).
private func checkTransferEncoding(
    _ value: UnsafePointer<UInt8>, _ count: Int
) throws(HTTPError) {
    if equals(value, count, "chunked") { return }
    var hasOther = false
    var isLastChunked = false
    var list = TokenList(value, count)
    while let token = try list.next(orThrow: .codingInvalid) {
        guard !isLastChunked else { throw .codingInvalid }
        isLastChunked = equals(value + token.start, token.count, "chunked")
        if !isLastChunked { hasOther = true }
    }
    throw hasOther && isLastChunked ? .codingUnsupported : .codingInvalid
}

private func parseConnectionOptions(
    _ value: UnsafePointer<UInt8>, _ count: Int
) throws(HTTPError) -> ConnectionOptions {
    if equals(value, count, "keep-alive") { return .keepAlive }
    if equals(value, count, "close") { return .close }
    var options: ConnectionOptions = []
    var list = TokenList(value, count)
    while let token = try list.next(orThrow: .connectionInvalid) {
        let text = value + token.start
        if equals(text, token.count, "close") {
            options.insert(.close)
        } else if equals(text, token.count, "keep-alive") {
            options.insert(.keepAlive)
        } else if equals(text, token.count, "upgrade") {
            options.insert(.upgrade)
        } else {
            options.insert(.others)
        }
    }
    return options
}

/// A comma-separated list of tokens; empty elements are skipped (RFC 9110 §5.6.1.2).
struct TokenList {
    private let bytes: UnsafePointer<UInt8>
    private let count: Int
    private var at = 0

    init(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// - Returns: The next token as a range of the list's text, nil at the end.
    /// - Throws: `error` when something else than tokens, commas and white space is found.
    mutating func next(
        orThrow error: @autoclosure () -> HTTPError
    ) throws(HTTPError) -> (start: Int, count: Int)? {
        while at < count && isSeparator(bytes[at]) { at += 1 }
        guard at < count else { return nil }
        let start = at
        let classes = ByteClass.table
        while at < count && classes[Int(bytes[at])] & ByteClass.token != 0 { at += 1 }
        let end = at
        while at < count && (bytes[at] == Byte.space || bytes[at] == Byte.tab) { at += 1 }
        guard end > start && (at == count || bytes[at] == Byte.comma) else { throw error() }
        return (start, end - start)
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == Byte.comma || byte == Byte.space || byte == Byte.tab
    }
}

/// Flags the fields that Connection names, except those that every recipient needs: Host and the
/// framing are ours to write anyway.
@inline(never)
func flagConnectionNamed(
    _ bytes: UnsafePointer<UInt8>, _ fields: UnsafeMutablePointer<gw_field>, _ count: Int
) throws(HTTPError) {
    for index in 0..<count where fields[index].name_id == FieldID.connection {
        let value = bytes + Int(fields[index].value.off)
        var list = TokenList(value, Int(fields[index].value.len))
        while let token = try list.next(orThrow: .connectionInvalid) {
            flagNamed(value + token.start, token.count, bytes, fields, count)
        }
    }
}

private func flagNamed(
    _ name: UnsafePointer<UInt8>, _ nameCount: Int,
    _ bytes: UnsafePointer<UInt8>, _ fields: UnsafeMutablePointer<gw_field>, _ count: Int
) {
    for index in 0..<count where Int(fields[index].name.len) == nameCount {
        switch fields[index].name_id {
        case FieldID.host, FieldID.contentLength, FieldID.transferEncoding:
            continue
        default:
            if equalsIgnoringCase(bytes + Int(fields[index].name.off), name, nameCount) {
                fields[index].flags |= FieldFlag.hopByHop
            }
        }
    }
}

/// Whether a text is a token (RFC 9110 §5.6.2) of at most `bytesMax` bytes.
package func isToken(_ text: UnsafeBufferPointer<UInt8>, bytesMax: Int) -> Bool {
    guard !text.isEmpty, text.count <= bytesMax else { return false }
    let classes = ByteClass.table
    return text.allSatisfy { classes[Int($0)] & ByteClass.token != 0 }
}
