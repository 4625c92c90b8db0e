// Constants of the configuration as bytes that hooks hand to the host.

/// Owns bytes that stay where they are as long as it lives. [any]
public final class ConstantText: Sendable {
    public let bytes: Bytes

    public convenience init(_ text: String) { self.init(Array(text.utf8)) }

    public init(_ content: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
        copy.copyBytes(from: content)
        bytes = Bytes(UnsafeRawBufferPointer(copy))
    }

    deinit { bytes.start?.deallocate() }
}
