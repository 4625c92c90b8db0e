// Letters of field names and host names, which are ASCII (RFC 9110 §5.1).

/// The lower case of an ASCII letter, any other byte unchanged.
@inlinable @inline(__always)
package func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte &- 65 < 26 ? byte | 0x20 : byte
}
