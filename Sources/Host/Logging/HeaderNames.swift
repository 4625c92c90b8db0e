// Header names in logs: comparison, spelling, and which of them carry credentials.

/// Compares ASCII names without regard to case (RFC 9110 §5.1).
func equalsIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where lowercase(left[index]) != lowercase(right[index]) {
        return false
    }
    return true
}

func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    return equalsIgnoringCase(
        bytes, UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
}

/// Whether the values of this header are credentials and stay out of logs.
///
/// Beside the four of Caddy these are the ways in which model providers take keys: any name with
/// `api-key`, `apikey`, `auth-token` or `access-token` in it (`X-Api-Key`, `X-Goog-Api-Key`).
func isCredentialHeader(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 6: if equalsIgnoringCase(name, "cookie") { return true }
    case 10: if equalsIgnoringCase(name, "set-cookie") { return true }
    case 13: if equalsIgnoringCase(name, "authorization") { return true }
    case 19: if equalsIgnoringCase(name, "proxy-authorization") { return true }
    case 20: if equalsIgnoringCase(name, "x-amz-security-token") { return true }
    case _: break
    }
    return contains(name, "api-key") || contains(name, "apikey") || contains(name, "api_key")
        || contains(name, "auth-token") || contains(name, "access-token")
}

private func contains(_ name: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard name.count >= count else { return false }
    for start in 0...(name.count - count) {
        let part = UnsafeRawBufferPointer(rebasing: name[start..<start + count])
        if equalsIgnoringCase(part, word) { return true }
    }
    return false
}

func lowercase(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension LogBuffer {
    /// Gives the header name in the quotes at `start` the spelling that HTTP/1 is used to: capitals
    /// at the beginning and behind hyphens. A name with an escaped byte is no token and stays.
    func canonicalizeHeaderName(from start: Int) {
        let isToken = !bytes[start...].contains(UInt8(ascii: "\\"))
        guard isToken else { return }
        var capital = true
        for index in start..<count {
            let byte = bytes[index]
            let lower = lowercase(byte)
            if lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") {
                replace(at: index, with: capital ? byte & ~0x20 : lower)
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",") { continue }
            capital = byte == UInt8(ascii: "-")
        }
    }
}
