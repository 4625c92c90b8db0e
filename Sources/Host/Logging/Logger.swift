// A named logger: which sinks a record of that name goes to, decided once per configuration.
import Synchronization

/// The cheap handle that code logs through. Immutable; any thread may hold and ask it.
package final class Logger: Sendable {
    package let name: String
    let nameBytes: [UInt8]
    let sinks: [LogSink]
    /// The lowest level that any sink takes; above all levels when there is no sink.
    private let minimumLevel: UInt8
    private let shared: SharedLogProducer

    init(name: String, sinks: [LogSink], shared: SharedLogProducer) {
        self.name = name
        nameBytes = Array(name.utf8)
        self.sinks = sinks
        minimumLevel = sinks.map(\.level.rawValue).min() ?? .max
        self.shared = shared
    }

    /// Whether a record of this level goes anywhere. A worker asks before it collects anything.
    package func isEnabled(_ level: LogLevel) -> Bool { level.rawValue >= minimumLevel }

    /// Logs from the control plane, a plugin's thread or a test: takes a lock, never waits for
    /// output. Workers use their own `LogProducer`.
    ///
    /// - Parameter fields: Fills the fields; must not log itself.
    package func log(
        _ level: LogLevel, _ message: String, _ fields: (LogRecord) -> Void = { _ in }
    ) {
        guard isEnabled(level) else { return }
        shared.log(self, level, message, fields)
    }

    package func debug(_ message: String, _ fields: (LogRecord) -> Void = { _ in }) {
        log(.debug, message, fields)
    }

    package func info(_ message: String, _ fields: (LogRecord) -> Void = { _ in }) {
        log(.info, message, fields)
    }

    package func warn(_ message: String, _ fields: (LogRecord) -> Void = { _ in }) {
        log(.warn, message, fields)
    }

    package func error(_ message: String, _ fields: (LogRecord) -> Void = { _ in }) {
        log(.error, message, fields)
    }
}

/// Encodes and queues the records of one thread, normally a worker. Allocates nothing per record
/// once its buffers have grown.
package final class LogProducer {
    package let record = LogRecord()
    private let queue: LogQueue
    private let thread: LogWriterThread

    init(queue: LogQueue, thread: LogWriterThread) {
        self.queue = queue
        self.thread = thread
    }

    deinit { queue.close() }

    /// Starts a record; fill it and call `endRecord`. Ask `Logger.isEnabled` first.
    package func beginRecord(
        _ level: LogLevel, _ message: StaticString, time: LogTimestamp
    ) -> LogRecord {
        record.begin(level: level, time: time)
        record.message.append(message)
        return record
    }

    /// Starts a record whose message comes from elsewhere, such as a plugin; any bytes do.
    package func beginRecord(
        _ level: LogLevel, message: UnsafeRawBufferPointer, time: LogTimestamp
    ) -> LogRecord {
        record.begin(level: level, time: time)
        record.message.append(message)
        return record
    }

    /// Hands the record to the writer thread, or drops and counts it when the queue is full.
    package func endRecord(to logger: Logger) {
        record.end()
        if queue.push(record, for: logger) { thread.recordPushed(isHalfFull: queue.isHalfFull) }
    }
}

/// The producer of everything that is not a worker, behind a lock.
final class SharedLogProducer: Sendable {
    private let producer: Mutex<LogProducer>

    init(thread: LogWriterThread) {
        producer = Mutex(thread.makeProducer())
    }

    func log(
        _ logger: Logger, _ level: LogLevel, _ message: String, _ fields: (LogRecord) -> Void
    ) {
        producer.withLock { producer in
            var message = message
            let record = message.withUTF8 {
                producer.beginRecord(
                    level, message: UnsafeRawBufferPointer($0), time: currentLogTime())
            }
            fields(record)
            producer.endRecord(to: logger)
        }
    }
}
