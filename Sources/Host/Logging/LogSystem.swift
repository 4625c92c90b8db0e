// The process's logging: one writer thread, the open outputs, and a registry per configuration.
package import Base
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Lives as long as the process (or a test). Any thread may call it.
package final class LogSystem: Sendable {
    private let thread: LogWriterThread
    private let shared: SharedLogProducer
    private let tools: LogTextTools
    /// Open outputs by what the configuration says about them, for as long as something uses them.
    private let outputs = Mutex<[LogWriterConfig: WeakOutput]>([:])

    private struct WeakOutput {
        weak var output: LogOutput?
    }

    /// - Throws: `LogError` when the process has no descriptors left.
    package init(tools: LogTextTools = .none) throws(LogError) {
        self.tools = tools
        tzset()
        thread = try LogWriterThread()
        shared = SharedLogProducer(thread: thread)
        thread.start()
    }

    deinit { _ = thread.stop(timeout: 0) }

    /// Provisions the `logging` object of a configuration; nil stands for an empty one. Opens
    /// files that are not open yet; what the running configuration logs to stays open.
    ///
    /// - Throws: `LogError` that names the place in the configuration, or the file.
    package func makeRegistry(_ json: JSONValue?) throws(LogError) -> LogRegistry {
        let config = try LoggingConfig(json, tools: tools)
        var sinks: [LogSink] = []
        for log in config.logs { sinks.append(try makeSink(log)) }
        return LogRegistry(sinks: sinks, shared: shared)
    }

    /// Makes this registry the one that reports trouble of the log itself. A reload calls it when
    /// the new generation serves.
    package func activate(_ registry: LogRegistry) {
        thread.setNoticeLogger(registry.logger(named: "logging"))
    }

    /// A producer for one worker; its end gives the queue back.
    package func makeProducer() -> LogProducer { thread.makeProducer() }

    /// For tests of full queues.
    func makeProducer(capacity: Int) -> LogProducer { thread.makeProducer(capacity: capacity) }

    /// Records dropped since the start because a queue was full.
    package var dropped: UInt64 { thread.dropped }

    /// Opens every file again by its name, after something else rotated them.
    package func reopenFiles() {
        thread.reopen(outputs.withLock { $0.values.compactMap(\.output) })
    }

    /// Waits until what was logged before is written; false when that took too long.
    @discardableResult
    package func flush() -> Bool { thread.flush(timeout: Limits.logFlushTimeout) }

    /// Writes what is queued and ends the writer thread; what is logged later is lost.
    @discardableResult
    package func shutdown() -> Bool {
        let isWritten = thread.stop(timeout: Limits.logFlushTimeout)
        let open = outputs.withLock { $0.values.compactMap(\.output) }
        return open.reduce(isWritten) { $1.finish(timeout: Limits.logWriteTimeout) && $0 }
    }

    private func makeSink(_ log: LogConfig) throws(LogError) -> LogSink {
        let isTerminal = log.writer.streamDescriptor.map { isatty($0) == 1 } ?? false
        return LogSink(
            level: log.level, output: try openOutput(log.writer), names: log.names,
            format: log.encoder.format(isTerminal: isTerminal), filter: log.encoder.filter,
            appended: log.encoder.appended, sampler: log.sampler)
    }

    private func openOutput(_ config: LogWriterConfig) throws(LogError) -> LogOutput {
        if let open = outputs.withLock({ $0[config]?.output }) { return open }
        let output: LogOutput
        switch config {
        case .discard: output = LogOutput(.discard)
        case .standardOutput: output = LogOutput(.stream(STDOUT_FILENO))
        case .standardError: output = LogOutput(.stream(STDERR_FILENO))
        case .file(let options): output = LogOutput(.file(try LogFile(options)))
        case .net(let options): output = LogOutput(.net(try LogNet(options)))
        }
        let opened = WeakOutput(output: output)
        outputs.withLock { outputs in
            outputs = outputs.filter { $0.value.output != nil }
            outputs[config] = opened
        }
        return output
    }
}

/// The logs of one configuration generation: gives loggers by name. Immutable; any thread.
package final class LogRegistry: Sendable {
    private let sinks: [LogSink]
    private let shared: SharedLogProducer
    private let loggers = Mutex<[String: Logger]>([:])

    init(sinks: [LogSink], shared: SharedLogProducer) {
        self.sinks = sinks
        self.shared = shared
    }

    /// The logger of this dotted name, such as `http.log.access.log0`. Look it up at load, not per
    /// request.
    package func logger(named name: String) -> Logger {
        loggers.withLock { loggers in
            if let logger = loggers[name] { return logger }
            let logger = Logger(
                name: name, sinks: sinks.filter { $0.takes(loggerNamed: name) }, shared: shared)
            loggers[name] = logger
            return logger
        }
    }
}
