// For the checking host: memory that was lent to a plugin and is taken back shows it.
private import Synchronization

/// Copies that live as long as a loan. What is taken back is filled with `pattern` and freed later,
/// so that a stale read finds no plausible bytes.
package enum LentMemory {
    package static let pattern: UInt8 = 0xDB
    private static let keptMax = 256

    private struct Returned: @unchecked Sendable {
        let memory: UnsafeMutableRawPointer
    }

    private static let returned = Mutex<[Returned]>([])

    /// A copy to lend. Never empty, so that it has an address of its own.
    package static func lend(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
        if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
        return UnsafeMutableRawBufferPointer(start: memory, count: bytes.count)
    }

    /// Takes memory back that was allocated with an alignment of 16.
    package static func takeBack(_ memory: UnsafeMutableRawBufferPointer) {
        guard let start = memory.baseAddress else { return }
        poison(memory)
        let oldest: Returned? = returned.withLock { returned in
            returned.append(Returned(memory: start))
            return returned.count > keptMax ? returned.removeFirst() : nil
        }
        oldest?.memory.deallocate()
    }

    package static func poison(_ memory: UnsafeMutableRawBufferPointer) {
        memory.initializeMemory(as: UInt8.self, repeating: pattern)
    }
}
