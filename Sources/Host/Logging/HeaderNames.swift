// Header names in logs: comparison and spelling.
import Base

/// Compares ASCII names without regard to case (RFC 9110 §5.1).
func equalsIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where asciiLowercased(left[index]) != asciiLowercased(right[index])
    {
        return false
    }
    return true
}

func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    return equalsIgnoringCase(
        bytes, UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
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
            let lower = asciiLowercased(byte)
            if lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") {
                replace(at: index, with: capital ? byte & ~0x20 : lower)
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",") { continue }
            capital = byte == UInt8(ascii: "-")
        }
    }
}
