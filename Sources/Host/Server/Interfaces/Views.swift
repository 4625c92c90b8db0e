// Between the views of the ABI and Swift's buffers.
import CGateway

extension gw_view {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(
            ptr: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), len: bytes.count)
    }

    init(_ text: StaticString) {
        self.init(ptr: text.utf8Start, len: text.utf8CodeUnitCount)
    }

    var buffer: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: ptr, count: ptr == nil ? 0 : Int(len))
    }

    /// Nil when it is empty.
    var utf8Buffer: UnsafeBufferPointer<UInt8>? { buffer.isEmpty ? nil : buffer }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer) }

    /// A copy; for the control plane.
    var string: String { String(decoding: buffer, as: UTF8.self) }
}

extension UnsafeRawBufferPointer {
    var utf8: UnsafeBufferPointer<UInt8> { bindMemory(to: UInt8.self) }
}
