// The way of records from one producer to the writer thread: a ring of bytes without a lock.
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A bounded single-producer, single-consumer ring. The producer never waits: a record without
/// room is dropped and counted.
///
/// `push` belongs to the producer's thread, `pop` to the writer thread; positions only grow.
final class LogQueue: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private let written = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)
    private let droppedCount = Atomic<UInt64>(0)
    private let closed = Atomic<Bool>(false)

    /// - Parameter capacity: In bytes, a power of two.
    init(capacity: Int) {
        precondition(capacity.nonzeroBitCount == 1, "a log queue holds a power of two of bytes")
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        // Records that nobody took still own their loggers.
        let scratch = LogBuffer()
        while let entry = pop(into: scratch) { entry.logger.release() }
        base.deallocate()
    }

    var isEmpty: Bool {
        taken.load(ordering: .relaxed) == written.load(ordering: .sequentiallyConsistent)
    }

    /// The position behind the newest record.
    var end: Int { written.load(ordering: .acquiring) }

    func isBehind(_ position: Int) -> Bool { taken.load(ordering: .relaxed) < position }

    var isHalfFull: Bool {
        written.load(ordering: .relaxed) - taken.load(ordering: .relaxed) > capacity / 2
    }

    /// Records dropped since the queue was made.
    var dropped: UInt64 { droppedCount.load(ordering: .relaxed) }

    /// Set once by the producer's end; the writer thread forgets the queue when it is empty.
    var isClosed: Bool { closed.load(ordering: .acquiring) }
    func close() { closed.store(true, ordering: .releasing) }

    /// Puts a record in, or counts it as dropped when it does not fit.
    func push(_ record: LogRecord, for logger: Logger) -> Bool {
        let position = written.load(ordering: .relaxed)
        let used = position - taken.load(ordering: .acquiring)
        let size = LogEntry.headSize + record.message.count + record.fields.count
        guard size <= capacity - used else {
            droppedCount.add(1, ordering: .relaxed)
            return false
        }
        var entry = LogEntry(
            logger: .passRetained(logger), time: record.time,
            messageCount: UInt32(record.message.count), fieldsCount: UInt32(record.fields.count),
            level: record.level)
        withUnsafeBytes(of: &entry) { write($0, at: position) }
        write(record.message.bytes, at: position + LogEntry.headSize)
        write(record.fields.bytes, at: position + LogEntry.headSize + record.message.count)
        written.store(position + size, ordering: .sequentiallyConsistent)
        return true
    }

    /// Takes the oldest record; the scratch holds its message and then its fields.
    ///
    /// - Returns: The entry, whose logger the caller has to release; nil when the ring is empty.
    func pop(into scratch: LogBuffer) -> LogEntry? {
        let position = taken.load(ordering: .relaxed)
        guard position < written.load(ordering: .acquiring) else { return nil }
        let entry = withUnsafeTemporaryAllocation(
            byteCount: LogEntry.headSize, alignment: MemoryLayout<LogEntry>.alignment
        ) { place in
            if let start = place.baseAddress { read(LogEntry.headSize, at: position, to: start) }
            return place.load(as: LogEntry.self)
        }
        let size = Int(entry.messageCount) + Int(entry.fieldsCount)
        scratch.clear()
        scratch.append(count: size) { read(size, at: position + LogEntry.headSize, to: $0) }
        taken.store(position + LogEntry.headSize + size, ordering: .releasing)
        return entry
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        guard let source = bytes.baseAddress else { return }
        let offset = position & (capacity - 1)
        let first = min(bytes.count, capacity - offset)
        memcpy(base + offset, source, first)
        memcpy(base, source + first, bytes.count - first)
    }

    private func read(_ size: Int, at position: Int, to target: UnsafeMutableRawPointer) {
        let offset = position & (capacity - 1)
        let first = min(size, capacity - offset)
        memcpy(target, base + offset, first)
        memcpy(target + first, base, size - first)
    }
}

/// The fixed part of a record in the ring.
struct LogEntry {
    /// Retained for as long as the record is in the ring, so a reload can drop the logger.
    let logger: Unmanaged<Logger>
    let time: LogTimestamp
    let messageCount: UInt32
    let fieldsCount: UInt32
    let level: LogLevel

    static var headSize: Int { MemoryLayout<LogEntry>.size }
}
