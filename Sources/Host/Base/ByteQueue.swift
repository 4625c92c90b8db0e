// Bytes that wait: output that the peer has not taken yet, input that is not whole yet.

/// A queue of bytes in one contiguous buffer. It holds no memory while it is empty, so that an idle
/// connection costs nothing for it. One thread owns it.
package struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    package init() {}

    deinit { base?.deallocate() }

    package var count: Int { end - start }
    package var isEmpty: Bool { end == start }

    /// The bytes in the queue, valid until it is changed.
    package var bytes: UnsafeRawBufferPointer {
        guard let base, end > start else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + start, count: end - start)
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        let to = reserve(bytes.count)
        to.copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    /// Removes bytes from the front; an empty queue gives its memory back.
    package mutating func consume(_ count: Int) {
        start += min(count, end - start)
        if start == end { removeAll() }
    }

    /// Empties the queue for more of the same; memory beyond `bytesMax` goes back.
    package mutating func removeAll(keepingBytesMax bytesMax: Int) {
        guard capacity <= bytesMax else { return removeAll() }
        start = 0
        end = 0
    }

    package mutating func removeAll() {
        base?.deallocate()
        base = nil
        capacity = 0
        start = 0
        end = 0
    }

    private mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
        if let base, capacity - end >= extra { return base + end }
        let used = end - start
        if let base, capacity >= used + extra {
            base.copyMemory(from: base + start, byteCount: used)
            start = 0
            end = used
            return base + used
        }
        let grown = max(1024, (used + extra).nextPowerOfTwo)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
        if let base {
            fresh.copyMemory(from: base + start, byteCount: used)
            base.deallocate()
        }
        base = fresh
        capacity = grown
        start = 0
        end = used
        return fresh + used
    }
}

extension Int {
    /// The smallest power of two that is not below a positive number.
    package var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
