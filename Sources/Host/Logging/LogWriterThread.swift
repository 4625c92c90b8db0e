// The one thread that turns queued records into written lines.
private import Base
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Drains the queues of all producers in rounds. Producers wake it through a pipe, and only when it
/// sleeps, so that a busy worker makes no system call for its log.
final class LogWriterThread: @unchecked Sendable {
    private enum State {
        static let working: UInt8 = 0
        /// Short pause after a round: only a producer that runs out of room wakes it.
        static let pausing: UInt8 = 1
        static let sleeping: UInt8 = 2
    }

    private struct Orders {
        var queues: [LogQueue] = []
        /// Of queues that are gone.
        var droppedBefore: UInt64 = 0
        var flushesAsked: UInt64 = 0
        var isStopping = false
        var noticeLogger: Logger?
        var outputs: [LogOutput] = []
    }

    private let orders = Mutex(Orders())
    private let state = Atomic<UInt8>(State.working)
    private let flushesDone = Atomic<UInt64>(0)
    private let hasEnded = Atomic<Bool>(false)
    private let wakeReader: Int32
    private let wakeWriter: Int32

    // The thread's own.
    private let scratch = LogBuffer()
    private var touched: [LogOutput] = []
    private var droppedReported: UInt64 = 0
    private var lastNotice: LogTimestamp = 0

    init() throws(LogError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw LogError("cannot make a pipe for the log: \(describe(errno: errno))")
        }
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    func start() {
        startThread { self.run() }
    }

    func makeProducer(capacity: Int = Limits.logQueueBytesMax) -> LogProducer {
        let queue = LogQueue(capacity: capacity)
        orders.withLock { $0.queues.append(queue) }
        return LogProducer(queue: queue, thread: self)
    }

    /// Who reports dropped records.
    func setNoticeLogger(_ logger: Logger?) {
        orders.withLock { $0.noticeLogger = logger }
    }

    var dropped: UInt64 { orders.withLock { countDropped($0) } }

    /// Tells the thread that a producer put a record into its queue. Any thread.
    func recordPushed(isHalfFull: Bool) {
        let current = state.load(ordering: .sequentiallyConsistent)
        if current == State.sleeping || (current == State.pausing && isHalfFull) { wake(current) }
    }

    /// Waits until everything queued before the call is written.
    ///
    /// - Returns: False when that took longer than `timeout` nanoseconds.
    func flush(timeout: UInt64) -> Bool {
        let ticket = orders.withLock { orders in
            orders.flushesAsked += 1
            return orders.flushesAsked
        }
        return wait(timeout: timeout) {
            flushesDone.load(ordering: .acquiring) >= ticket || hasEnded.load(ordering: .acquiring)
        }
    }

    /// Writes what is queued and ends the thread; false when `timeout` passed first.
    func stop(timeout: UInt64) -> Bool {
        orders.withLock { $0.isStopping = true }
        wake(state.load(ordering: .sequentiallyConsistent))
        return wait(timeout: timeout) { hasEnded.load(ordering: .acquiring) }
    }

    /// Has these files opened again, also when nothing is written to them.
    func reopen(_ outputs: [LogOutput]) {
        for output in outputs { output.requestReopen() }
        orders.withLock { $0.outputs += outputs }
        wake(state.load(ordering: .sequentiallyConsistent))
    }

    private func wake(_ seen: UInt8) {
        guard seen != State.working,
            state.compareExchange(
                expected: seen, desired: State.working, ordering: .sequentiallyConsistent
            ).exchanged
        else { return }
        var byte: UInt8 = 0
        _ = write(wakeWriter, &byte, 1)
    }

    /// For the control plane, which has nothing better to do: looks again every millisecond.
    private func wait(timeout: UInt64, until isDone: () -> Bool) -> Bool {
        for _ in 0..<(timeout / Limits.millisecond) {
            if isDone() { return true }
            wake(state.load(ordering: .sequentiallyConsistent))
            var pause = timespec(tv_sec: 0, tv_nsec: Int(Limits.millisecond))
            nanosleep(&pause, nil)
        }
        return isDone()
    }
}

// The thread itself
extension LogWriterThread {
    private func run() {
        while true {
            let (queues, ticket, isStopping) = takeOrders()
            let now = currentLogTime()
            var count = 0
            for queue in queues { count += drain(queue, now: now) }
            noticeDrops(now: now, isLast: isStopping)
            for output in touched { output.flush(now: now) }
            touched.removeAll(keepingCapacity: true)
            flushesDone.store(ticket, ordering: .releasing)
            if isStopping { break }
            sleep(as: count > 0 ? State.pausing : State.sleeping, queues)
        }
        setNoticeLogger(nil)
        hasEnded.store(true, ordering: .releasing)
    }

    private func takeOrders() -> (queues: [LogQueue], ticket: UInt64, isStopping: Bool) {
        orders.withLock { orders in
            for queue in orders.queues where queue.isClosed && queue.isEmpty {
                orders.droppedBefore += queue.dropped
            }
            orders.queues.removeAll { $0.isClosed && $0.isEmpty }
            touched += orders.outputs
            orders.outputs.removeAll()
            return (orders.queues, orders.flushesAsked, orders.isStopping)
        }
    }

    /// Writes the records that are in the queue now, not those that come meanwhile.
    private func drain(_ queue: LogQueue, now: LogTimestamp) -> Int {
        let end = queue.end
        var count = 0
        while queue.isBehind(end), let entry = queue.pop(into: scratch) {
            deliver(entry, now: now)
            count += 1
        }
        return count
    }

    private func deliver(_ entry: LogEntry, now: LogTimestamp) {
        let logger = entry.logger.takeRetainedValue()
        let messageCount = Int(entry.messageCount)
        let message = UnsafeRawBufferPointer(rebasing: scratch.bytes[..<messageCount])
        let fields = UnsafeRawBufferPointer(rebasing: scratch.bytes[messageCount...])
        logger.nameBytes.withUnsafeBytes { name in
            let line = LogLine(
                level: entry.level, time: entry.time, logger: name, message: message,
                fields: fields)
            send(line, to: logger, now: now)
        }
    }

    private func send(_ line: LogLine, to logger: Logger, now: LogTimestamp) {
        for sink in logger.sinks {
            sink.write(line, now: now)
            if !touched.contains(where: { $0 === sink.output }) { touched.append(sink.output) }
        }
    }

    /// Says how many records were lost since it last said so.
    private func noticeDrops(now: LogTimestamp, isLast: Bool) {
        let (total, logger) = orders.withLock { (countDropped($0), $0.noticeLogger) }
        guard let logger, total > droppedReported,
            isLast || now - lastNotice >= Int64(Limits.logNoticeInterval)
        else { return }
        let record = LogRecord()
        record.begin(level: .warn, time: now)
        record.message.append("\(total - droppedReported) records dropped: the log queue was full")
        record.field("dropped", unsigned: total - droppedReported)
        record.field("dropped_total", unsigned: total)
        logger.nameBytes.withUnsafeBytes { name in
            let line = LogLine(
                level: .warn, time: now, logger: name, message: record.message.bytes,
                fields: record.fields.bytes)
            send(line, to: logger, now: now)
        }
        droppedReported = total
        lastNotice = now
    }

    private func countDropped(_ orders: borrowing Orders) -> UInt64 {
        orders.droppedBefore + orders.queues.reduce(0) { $0 + $1.dropped }
    }

    /// Waits for a producer. The state is published before the queues are looked at again, and a
    /// producer publishes its record before it looks at the state: one of them sees the other.
    private func sleep(as pause: UInt8, _ queues: [LogQueue]) {
        state.store(pause, ordering: .sequentiallyConsistent)
        let isPausing = pause == State.pausing
        let hasWork = queues.contains { isPausing ? $0.isHalfFull : !$0.isEmpty }
        if !hasWork && !hasNewOrders() {
            var event = pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)
            poll(&event, 1, isPausing ? Int32(Limits.logBatchDelay / Limits.millisecond) : -1)
        }
        state.store(State.working, ordering: .sequentiallyConsistent)
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(wakeReader, &bytes, 16) > 0 {}
    }

    private func hasNewOrders() -> Bool {
        let done = flushesDone.load(ordering: .relaxed)
        return orders.withLock {
            $0.isStopping || $0.flushesAsked > done || !$0.outputs.isEmpty
        }
    }
}
