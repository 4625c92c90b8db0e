// Reads a request head (RFC 9112 §3, §5) in one pass over a buffer that holds all of it.
import Base
package import CGateway

/// A request head as offsets into the buffer that it was read from.
package struct RequestHead {
    /// Size of the head with the empty line that ends it, bytes.
    package var headBytes = 0
    package var method = gw_ref()
    package var target = gw_ref()
    /// Path and query as an origin server wants them; `needsRootPath` says when they must be put
    /// together first.
    package var uri = gw_ref()
    package var path = gw_ref()
    /// Without its question mark.
    package var query = gw_ref()
    /// Host and port, of the target in absolute form, else of the Host field.
    package var host = gw_ref()
    package var methodID = UInt8(GW_METHOD_OTHER)
    /// 10 or 11.
    package var version: UInt8 = 11
    package var form = TargetForm.origin
    /// The target was absolute, without a path but with a query: uri is "/?" and the query.
    package var needsRootPath = false
    package var keepAlive = false
    /// The client waits for 100 (Continue) before it sends the body.
    package var expectsContinue = false
    /// Both Connection: upgrade and an Upgrade field are there.
    package var hasUpgrade = false
    package var fieldCount = 0
    package var framing = BodyFraming.none

    package init() {}
}

/// RFC 9112 §3.2.
package enum TargetForm: UInt8, Sendable {
    case origin
    case absolute
    case authority
    case asterisk
}

/// Finds and reads request heads. One value per connection, reset by assigning a new one.
package struct RequestHeadParser {
    private var scanner = HeadScanner()

    package init() {}

    /// Reads a head once all of it is there; until then remembers how far it searched.
    ///
    /// - Parameters:
    ///   - bytes: The head from its first octet on; the same octets as last time and more.
    ///   - fields: Room for `Limits.headFieldsMax` fields; holds the table when a head was read.
    ///   - head: Filled when a head was read.
    /// - Returns: Whether a head was read.
    package mutating func parse(
        _ bytes: UnsafePointer<UInt8>, count: Int, limits: HeadLimits = .request,
        fields: UnsafeMutablePointer<gw_field>, into head: inout RequestHead
    ) throws(HTTPError) -> Bool {
        guard let end = try scanner.scan(bytes, count, limits: limits, skipsEmptyLine: true)
        else { return false }
        try readRequestHead(bytes, end, fields, Limits.headFieldsMax, &head)
        return true
    }
}

/// - Parameter end: Offset behind the empty line, which the scanner has seen.
func readRequestHead(
    _ bytes: UnsafePointer<UInt8>, _ end: Int,
    _ fields: UnsafeMutablePointer<gw_field>, _ fieldsMax: Int, _ head: inout RequestHead
) throws(HTTPError) {
    head = RequestHead()
    head.headBytes = end
    let classes = ByteClass.table
    let names = FieldNames.table
    var at = bytes[0] == Byte.carriageReturn ? 2 : 0
    try readRequestLine(bytes, &at, end, classes, &head)

    var control = ControlFields()
    var hostIndex = -1
    var hasUpgradeField = false
    var count = 0
    while bytes[at] != Byte.carriageReturn {
        guard count < fieldsMax else { throw .tooManyFields }
        let field = try readFieldLine(bytes, &at, end, names, classes)
        fields[count] = field
        if field.name_id &- 1 < UInt16(GW_FIELD_EXPECT) {
            switch field.name_id {
            case FieldID.host:
                guard hostIndex < 0 else { throw .hostRepeated }
                hostIndex = count
            case FieldID.expect:
                try noteExpect(bytes + Int(field.value.off), Int(field.value.len), &head)
            case FieldID.upgrade:
                hasUpgradeField = true
            default:
                try control.note(field, bytes)
            }
        }
        count &+= 1
    }
    guard at &+ 2 == end else { throw .bareCarriageReturn }
    head.fieldCount = count
    try settleHost(bytes, fields, hostIndex, &head)
    try control.check(version: head.version)
    head.keepAlive = control.keepsAlive(version: head.version)
    head.hasUpgrade = hasUpgradeField && control.options.contains(.upgrade)
    if control.isChunked {
        head.framing = .chunked
    } else if let length = control.contentLength {
        head.framing = .length(length)
    }
    if head.framing == .none || head.framing == .length(0) { head.expectsContinue = false }
    if control.options.contains(.others) {
        try flagConnectionNamed(bytes, fields, count)
    }
}

@inline(__always)
private func readRequestLine(
    _ bytes: UnsafePointer<UInt8>, _ at: inout Int, _ end: Int,
    _ classes: UnsafePointer<UInt8>, _ head: inout RequestHead
) throws(HTTPError) {
    let start = at
    var cursor = at
    while classes[Int(bytes[cursor])] & ByteClass.token != 0 { cursor &+= 1 }
    guard cursor > start && bytes[cursor] == Byte.space else { throw .methodInvalid }
    guard cursor &- start <= Limits.methodBytesMax else { throw .methodTooLong }
    head.method = makeRef(start, cursor)
    head.methodID = methodID(bytes + start, cursor &- start)

    cursor &+= 1
    let targetStart = cursor
    while classes[Int(bytes[cursor])] & ByteClass.target != 0 { cursor &+= 1 }
    guard cursor > targetStart && bytes[cursor] == Byte.space else { throw .targetInvalid }
    head.target = makeRef(targetStart, cursor)

    cursor &+= 1
    // The head ends in CR LF CR LF, so these ten octets are there or the line is too short.
    guard end &- cursor >= 12, bytes[cursor &+ 8] == Byte.carriageReturn,
        bytes[cursor &+ 9] == Byte.lineFeed
    else { throw .requestLineInvalid }
    head.version = try readVersion(bytes + cursor)
    at = cursor &+ 10
    try readTarget(bytes, targetStart, cursor &- 1, &head)
}

/// Reads the eight octets of an HTTP version. 1.2 to 1.9 are taken for 1.1 (RFC 9110 §2.5).
@inline(__always)
func readVersion(_ bytes: UnsafePointer<UInt8>) throws(HTTPError) -> UInt8 {
    let word = loadWord(bytes)
    if word == 0x312e_312f_5054_5448 { return 11 }  // "HTTP/1.1", least significant octet first
    guard word & 0x00ff_00ff_ffff_ffff == 0x002e_002f_5054_5448 else { throw .versionInvalid }
    let major = bytes[5]
    let minor = bytes[7]
    guard major &- 0x30 < 10 && minor &- 0x30 < 10 else { throw .versionInvalid }
    guard major == 0x31 else { throw .versionUnsupported }
    return minor == 0x30 ? 10 : 11
}

/// The GW_METHOD_* of a method, which is case-sensitive (RFC 9110 §9.1).
@inline(__always)
package func methodID(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt8 {
    var word: UInt64 = 0
    guard count <= 7 else { return UInt8(GW_METHOD_OTHER) }
    for index in 0..<count { word = word << 8 | UInt64(bytes[index]) }
    return switch word {
    case 0x47_4554: UInt8(GW_METHOD_GET)
    case 0x4845_4144: UInt8(GW_METHOD_HEAD)
    case 0x504f_5354: UInt8(GW_METHOD_POST)
    case 0x50_5554: UInt8(GW_METHOD_PUT)
    case 0x4445_4c45_5445: UInt8(GW_METHOD_DELETE)
    case 0x43_4f4e_4e45_4354: UInt8(GW_METHOD_CONNECT)
    case 0x4f_5054_494f_4e53: UInt8(GW_METHOD_OPTIONS)
    case 0x54_5241_4345: UInt8(GW_METHOD_TRACE)
    case 0x50_4154_4348: UInt8(GW_METHOD_PATCH)
    default: UInt8(GW_METHOD_OTHER)
    }
}

/// HTTP/1.0 clients cannot take an interim response; their Expect is ignored (RFC 9110 §10.1.1).
private func noteExpect(
    _ value: UnsafePointer<UInt8>, _ count: Int, _ head: inout RequestHead
) throws(HTTPError) {
    guard head.version >= 11 else { return }
    guard equals(value, count, "100-continue") else { throw .expectationUnsupported }
    head.expectsContinue = true
}

/// Exactly one valid Host in HTTP/1.1, whatever the target says (RFC 9112 §3.2); a host in the
/// target replaces it, in the field table too.
@inline(__always)
private func settleHost(
    _ bytes: UnsafePointer<UInt8>, _ fields: UnsafeMutablePointer<gw_field>, _ hostIndex: Int,
    _ head: inout RequestHead
) throws(HTTPError) {
    guard hostIndex >= 0 else {
        guard head.version < 11 else { throw .hostMissing }
        return
    }
    let value = fields[hostIndex].value
    let range = try readAuthority(
        bytes, Int(value.off), Int(value.off) + Int(value.len), error: .hostInvalid)
    switch head.form {
    case .origin, .asterisk: head.host = range
    case .absolute, .authority: fields[hostIndex].value = head.host
    }
}
