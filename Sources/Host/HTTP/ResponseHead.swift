// Reads a response head from an upstream (RFC 9112 §4, §5, §6.3), as strictly as a request.
import Base
package import CGateway

/// A response head as offsets into the buffer that it was read from.
package struct ResponseHead {
    /// Size of the head with the empty line that ends it, bytes.
    package var headBytes = 0
    package var reason = gw_ref()
    /// 100 to 599.
    package var status: UInt16 = 0
    /// 10 or 11.
    package var version: UInt8 = 11
    /// Whether the connection can carry another request after this message.
    package var keepAlive = false
    /// Both Connection: upgrade and an Upgrade field are there.
    package var hasUpgrade = false
    package var fieldCount = 0
    package var framing = BodyFraming.none
    /// What Content-Length says, also when there is no body (HEAD, 304).
    package var declaredLength: UInt64?

    /// 1xx other than 101: another head follows for the same request.
    package var isInterim: Bool { status < 200 && status != 101 }

    package init() {}
}

/// Finds and reads response heads. Reset by assigning a new one, after an interim head too.
package struct ResponseHeadParser {
    private var scanner = HeadScanner()

    package init() {}

    /// Reads a head once all of it is there; see `RequestHeadParser.parse`. Every error is 502.
    ///
    /// - Parameter requestMethodID: GW_METHOD_* of the request that this answers.
    package mutating func parse(
        _ bytes: UnsafePointer<UInt8>, count: Int, requestMethodID: UInt8,
        limits: HeadLimits = .response,
        fields: UnsafeMutablePointer<gw_field>, into head: inout ResponseHead
    ) throws(HTTPError) -> Bool {
        let prefix: StaticString = "HTTP/"
        for index in 0..<min(count, prefix.utf8CodeUnitCount)
        where bytes[index] != prefix.utf8Start[index] {
            throw .statusLineInvalid
        }
        guard let end = try scanner.scan(bytes, count, limits: limits, skipsEmptyLine: false)
        else { return false }
        try readResponseHead(bytes, end, requestMethodID, fields, Limits.headFieldsMax, &head)
        return true
    }
}

/// - Parameter end: Offset behind the empty line, which the scanner has seen.
func readResponseHead(
    _ bytes: UnsafePointer<UInt8>, _ end: Int, _ requestMethodID: UInt8,
    _ fields: UnsafeMutablePointer<gw_field>, _ fieldsMax: Int, _ head: inout ResponseHead
) throws(HTTPError) {
    head = ResponseHead()
    head.headBytes = end
    let classes = ByteClass.table
    let names = FieldNames.table
    var at = 0
    try readStatusLine(bytes, &at, end, &head)

    var control = ControlFields()
    var hasUpgradeField = false
    var count = 0
    while bytes[at] != Byte.carriageReturn {
        guard count < fieldsMax else { throw .tooManyFields }
        let field = try readFieldLine(bytes, &at, end, names, classes)
        fields[count] = field
        if field.name_id &- 1 < UInt16(GW_FIELD_EXPECT) {
            if field.name_id == FieldID.upgrade { hasUpgradeField = true }
            try control.note(field, bytes)
        }
        count &+= 1
    }
    guard at &+ 2 == end else { throw .bareCarriageReturn }
    head.fieldCount = count
    try control.check(version: head.version)
    head.declaredLength = control.contentLength
    head.framing = responseFraming(control, head.status, requestMethodID)
    head.keepAlive =
        head.framing != .untilClose && control.keepsAlive(version: head.version)
        && !announcesForbiddenBody(control, head.status)
    head.hasUpgrade = hasUpgradeField && control.options.contains(.upgrade)
    if control.options.contains(.others) {
        try flagConnectionNamed(bytes, fields, count)
    }
}

/// The reason phrase may be missing, and the space before it with it: too many servers leave them
/// out, and nothing hangs on them.
private func readStatusLine(
    _ bytes: UnsafePointer<UInt8>, _ at: inout Int, _ end: Int, _ head: inout ResponseHead
) throws(HTTPError) {
    guard end >= 16 && bytes[8] == Byte.space else { throw .statusLineInvalid }
    head.version = try readVersion(bytes)
    var status: UInt16 = 0
    for index in 9..<12 {
        let digit = bytes[index] &- 0x30
        guard digit < 10 else { throw .statusLineInvalid }
        status = status * 10 + UInt16(digit)
    }
    guard status >= 100 && status < 600 else { throw .statusLineInvalid }
    head.status = status
    let lineEnd = findControl(bytes, 12, end)
    guard
        lineEnd + 1 < end && bytes[lineEnd] == Byte.carriageReturn
            && bytes[lineEnd + 1] == Byte.lineFeed
            && (lineEnd == 12 || bytes[12] == Byte.space)
    else { throw .statusLineInvalid }
    head.reason = makeRef(min(13, lineEnd), lineEnd)
    at = lineEnd + 2
}

/// 204 and interim responses have no body and must not announce one (RFC 9110 §8.6). If one comes
/// nevertheless, it would be read as the next response.
private func announcesForbiddenBody(_ control: ControlFields, _ status: UInt16) -> Bool {
    guard status < 200 || status == 204 else { return false }
    return control.isChunked || (control.contentLength ?? 0) > 0
}

/// RFC 9112 §6.3, rules 1 to 8.
private func responseFraming(
    _ control: ControlFields, _ status: UInt16, _ requestMethodID: UInt8
) -> BodyFraming {
    if status < 200 || status == 204 || status == 304
        || requestMethodID == UInt8(GW_METHOD_HEAD)
        || (requestMethodID == UInt8(GW_METHOD_CONNECT) && status < 300)
    {
        return .none
    }
    if control.isChunked { return .chunked }
    if let length = control.contentLength { return .length(length) }
    return .untilClose
}
