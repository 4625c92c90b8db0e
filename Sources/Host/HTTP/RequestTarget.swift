// The four forms of a request target (RFC 9112 §3.2) and the authority inside (RFC 3986 §3.2).
import Base
import CGateway

/// Checks for texts that do not come from a client but go into a request line.
package enum RequestLine {
    package static func isMethod(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress, !text.isEmpty else { return false }
        return text.count <= Limits.methodBytesMax
            && all(start, text.count, are: ByteClass.token)
    }

    /// Whether text is a path with an optional query (RFC 9112 §3.2.1).
    package static func isOriginForm(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress, text.first == Byte.slash,
            text.count <= Limits.requestLineBytesMax,
            all(start, text.count, are: ByteClass.target)
        else { return false }
        for index in 0..<text.count where start[index] == 0x25 {
            guard index + 2 < text.count,
                all(start + index + 1, 2, are: ByteClass.hexDigit)
            else { return false }
        }
        return true
    }

    /// Whether text is a host with an optional port, as Host must be.
    package static func isAuthority(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return false }
        return (try? readAuthority(start, 0, text.count, error: .hostInvalid)) != nil
    }
}

/// Takes a target of valid octets apart. Which form is allowed depends on the method.
@inline(__always)
func readTarget(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
) throws(HTTPError) {
    if head.methodID == UInt8(GW_METHOD_CONNECT) {
        try readAuthorityForm(bytes, start, end, &head)
    } else if bytes[start] == Byte.slash {
        try readPathAndQuery(bytes, start, end, &head)
    } else {
        try readOtherForm(bytes, start, end, &head)
    }
}

/// Splits at the first question mark and refuses broken percent escapes (RFC 3986 §2.1). The
/// octet at `end` is the space behind the target.
private func readPathAndQuery(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
) throws(HTTPError) {
    head.uri = makeRef(start, end)
    head.path = head.uri
    head.query = makeRef(end, end)
    let classes = ByteClass.table
    var hasQuery = false
    var at = start
    while true {
        while classes[Int(bytes[at])] & ByteClass.plainTarget != 0 { at &+= 1 }
        guard at < end else { return }
        let byte = bytes[at]
        if byte == 0x25 {
            guard at &+ 2 < end,
                classes[Int(bytes[at &+ 1])] & classes[Int(bytes[at &+ 2])]
                    & ByteClass.hexDigit != 0
            else { throw .targetInvalid }
            at &+= 2
        } else if byte == 0x3f && !hasQuery {
            hasQuery = true
            head.path = makeRef(start, at)
            head.query = makeRef(at &+ 1, end)
        }
        at &+= 1
    }
}

@inline(never)
private func readAuthorityForm(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
) throws(HTTPError) {
    head.form = .authority
    head.host = try readAuthority(bytes, start, end, error: .targetInvalid)
    // The port is not optional here (RFC 9110 §9.3.6).
    var colon = end - 1
    while colon > start && bytes[colon] &- 0x30 < 10 { colon -= 1 }
    guard bytes[colon] == Byte.colon && colon + 1 < end else { throw .targetInvalid }
}

@inline(never)
private func readOtherForm(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
) throws(HTTPError) {
    let isOptions = head.methodID == UInt8(GW_METHOD_OPTIONS)
    if end - start == 1 && bytes[start] == 0x2a {
        guard isOptions else { throw .targetInvalid }
        head.form = .asterisk
        head.uri = head.target
        head.path = head.target
        head.query = makeRef(end, end)
        return
    }
    var at = start
    if end - start > 7 && equals(bytes + start, 7, "http://") {
        at += 7
    } else if end - start > 8 && equals(bytes + start, 8, "https://") {
        at += 8
    } else {
        throw .targetInvalid
    }
    head.form = .absolute
    let authorityStart = at
    while at < end && bytes[at] != Byte.slash && bytes[at] != 0x3f { at += 1 }
    head.host = try readAuthority(bytes, authorityStart, at, error: .targetInvalid)
    if at < end && bytes[at] == Byte.slash {
        try readPathAndQuery(bytes, at, end, &head)
        return
    }
    if at < end {
        try readPathAndQuery(bytes, at, end, &head)
        head.needsRootPath = true
    } else {
        head.query = makeRef(end, end)
    }
    // No path means "/"; the one before the authority will do.
    head.path = makeRef(authorityStart - 1, authorityStart)
    if !head.needsRootPath { head.uri = head.path }
}

/// Checks a host with an optional port: a registered name, an IPv4 or a bracketed IPv6 address.
/// No user information, no percent escapes, no list.
///
/// - Returns: Where host and port are, without the colon of an empty port.
func readAuthority(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, error: HTTPError
) throws(HTTPError) -> gw_ref {
    let classes = ByteClass.table
    var at = start
    if at < end && bytes[at] == 0x5b {
        at += 1
        while at < end && bytes[at] != 0x5d { at += 1 }
        guard at < end, isIPv6Address(bytes + start + 1, at - start - 1) else { throw error }
        at += 1
    } else {
        while at < end && classes[Int(bytes[at])] & ByteClass.host != 0 { at &+= 1 }
    }
    guard at > start else { throw error }
    if at == end { return makeRef(start, end) }
    guard bytes[at] == Byte.colon else { throw error }
    if at + 1 == end { return makeRef(start, at) }
    var port = 0
    for index in at + 1..<end {
        let digit = bytes[index] &- 0x30
        guard digit < 10 else { throw error }
        port = port * 10 + Int(digit)
        guard port <= 65535 else { throw error }
    }
    return makeRef(start, end)
}

/// IPv6address of RFC 3986 §3.2.2, without a zone.
private func isIPv6Address(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let classes = ByteClass.table
    var groups = 0
    var hasGap = false
    var at = 0
    if count >= 2 && bytes[0] == Byte.colon {
        guard bytes[1] == Byte.colon else { return false }
        hasGap = true
        at = 2
    }
    while at < count {
        let start = at
        while at < count && classes[Int(bytes[at])] & ByteClass.hexDigit != 0 { at += 1 }
        if at < count && bytes[at] == 0x2e {
            guard isIPv4Address(bytes + start, count - start) else { return false }
            groups += 2
            at = count
            break
        }
        guard at > start && at - start <= 4 else { return false }
        groups += 1
        if at == count { break }
        guard bytes[at] == Byte.colon && at + 1 < count else { return false }
        at += 1
        if bytes[at] == Byte.colon {
            guard !hasGap else { return false }
            hasGap = true
            at += 1
        }
    }
    return hasGap ? groups < 8 : groups == 8
}

private func isIPv4Address(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var parts = 0
    var at = 0
    while at < count {
        var value = 0
        let start = at
        while at < count && bytes[at] &- 0x30 < 10 && at - start < 3 {
            value = value * 10 + Int(bytes[at] - 0x30)
            at += 1
        }
        guard at > start && value <= 255 else { return false }
        parts += 1
        if at == count { break }
        guard bytes[at] == 0x2e && at + 1 < count else { return false }
        at += 1
    }
    return parts == 4
}
