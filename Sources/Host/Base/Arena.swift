// Memory that lives exactly as long as one exchange: bump allocation, freed in one step.

/// A bump allocator over recycled blocks. One thread owns it.
///
/// `reset` keeps the first block, so an exchange that needs little allocates nothing in steady
/// state; further blocks are returned to the system.
package final class Arena {
    private static let blockBytes = 4096
    private let first: UnsafeMutableRawPointer
    private var cursor: UnsafeMutableRawPointer
    private var end: UnsafeMutableRawPointer
    private var extra: [UnsafeMutableRawPointer] = []
    private var extraBytes = 0

    package init() {
        first = .allocate(byteCount: Self.blockBytes, alignment: 16)
        cursor = first
        end = first + Self.blockBytes
    }

    deinit {
        for block in extra { block.deallocate() }
        first.deallocate()
    }

    /// - Returns: `byteCount` uninitialised bytes, 16-byte aligned, valid until `reset`; nil above
    ///   `Limits.arenaBytesMax`.
    package func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let rounded = (byteCount + 15) & ~15
        if end - cursor >= rounded {
            defer { cursor += rounded }
            return cursor
        }
        return allocateBlock(rounded)
    }

    /// A copy of `bytes` with the lifetime of the arena.
    package func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.count > 0 else { return UnsafeRawBufferPointer(start: cursor, count: 0) }
        guard let to = allocate(bytes.count) else { return nil }
        to.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
        return UnsafeRawBufferPointer(start: to, count: bytes.count)
    }

    /// Fills everything with a pattern, for the checking host. `reset` follows.
    package func poison() {
        LentMemory.poison(
            UnsafeMutableRawBufferPointer(start: first, count: Self.blockBytes))
        for block in extra {
            LentMemory.poison(
                UnsafeMutableRawBufferPointer(start: block, count: Self.blockBytes))
        }
    }

    package func reset() {
        if !extra.isEmpty {
            for block in extra { block.deallocate() }
            extra.removeAll(keepingCapacity: true)
            extraBytes = 0
        }
        cursor = first
        end = first + Self.blockBytes
    }

    private func allocateBlock(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let size = max(byteCount, Self.blockBytes)
        guard extraBytes + size <= Limits.arenaBytesMax else { return nil }
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        extra.append(block)
        extraBytes += size
        cursor = block + byteCount
        end = block + size
        return block
    }
}
