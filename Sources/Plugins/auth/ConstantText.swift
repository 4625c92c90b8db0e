// Constants of the configuration as bytes that hooks hand to the host.
import PluginSDK

/// Owns bytes that stay where they are as long as it lives. [any]
final class ConstantText: Sendable {
    let bytes: Bytes

    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ content: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
        copy.copyBytes(from: content)
        bytes = Bytes(UnsafeRawBufferPointer(copy))
    }

    deinit { bytes.start?.deallocate() }
}

extension String {
    /// The text as a quoted string (RFC 9110 §5.6.4).
    var quotedForField: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// Whether it can stand in a field value: no control characters (RFC 9110 §5.5).
    var isFieldValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
}
