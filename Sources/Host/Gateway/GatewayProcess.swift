import Base
private import CSystem
import Commands
import Config
import Loader
import Logging
import Server

// The running gateway: start, reload, orderly end.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Control thread only.
final class GatewayProcess {
    private let input: ConfigInput
    private let plugins: PluginSet
    private let logs: LogSystem
    private let server: GatewayServer
    private let notifier = ServiceNotifier()
    private var config: LoadedConfig
    private var logger: Logger
    private var watcher: FileWatcher
    private var pidFile: String?

    /// Reads the configuration and loads the plugins; nothing serves yet.
    init(_ input: ConfigInput, plugins: PluginSet) throws(CommandError) {
        self.input = input
        self.plugins = plugins
        do throws(CommandError) {
            config = try input.loadWithPlugins(plugins)
        } catch {
            for failure in plugins.failures { Console.error("\(failure)") }
            throw error
        }
        watcher = FileWatcher(config.watched)
        // Reading plugins and configurations leaves megabytes of free heap behind. What is made
        // from here on, such as queues that rarely fill, is to get pages that nobody touched.
        gwx_return_free_memory()
        do {
            logs = try LogSystem(tools: LogTools.standard)
            logger = try logs.makeRegistry(config.json["logging"]).logger(named: "gateway")
            ContractCheck.configure(
                isEnabled: Environment.value("GATEWRIGHT_CHECK") == "1",
                report: { [logger] violation in
                    logger.error("plugin broke the contract") {
                        $0.field("plugin", violation.subject)
                        $0.field("call", violation.call)
                        $0.field("rule", violation.rule)
                    }
                })
            server = try GatewayServer(
                loader: plugins.loader, logs: logs, options: try Self.serverOptions())
        } catch {
            throw CommandError(message: "\(error)")
        }
    }

    /// Serves the configuration.
    ///
    /// - Parameter pidFile: Where to leave the process id until the end.
    func start(pidFile: String?) throws(CommandError) {
        reportPlugins()
        for warning in config.warnings { logger.warn(warning) }
        do {
            try server.apply(config.json)
        } catch {
            end()
            throw CommandError(message: "cannot serve \(input.path): \(config.explain(error))")
        }
        watcher = FileWatcher(config.watched.adding(server.filesRead))
        if let pidFile {
            do throws(FilesError) {
                try Files.replace(pidFile, with: Array("\(getpid())\n".utf8))
            } catch {
                _ = server.stop(graceNanoseconds: 0)
                end()
                throw CommandError(message: "cannot write --pidfile \(error)")
            }
            self.pidFile = pidFile
        }
        logger.info("serving") { record in
            record.field("config", input.path)
            record.beginArray("listening")
            for address in server.listening { record.value(text: address) }
            record.endArray()
        }
        notifier.ready()
    }

    /// Waits for signals until one ends the process.
    func serve(_ signals: SignalQueue, watches: Bool) -> ExitStatus {
        while true {
            switch signals.next(timeoutMilliseconds: watcher.isSettled ? 1000 : 200) {
            case .reload(let name): reload(because: name)
            case .stop(let name): return stop(because: name, signals)
            case .quit:
                end()
                return .forced
            case nil:
                server.maintain()
                if watches, watcher.hasChanged() { reload(because: "a file changed") }
            }
        }
    }

    // MARK: Reload

    private func reload(because reason: String) {
        notifier.reloading()
        defer { notifier.ready() }
        logger.info("reloading") { $0.field("reason", reason) }
        guard input.path != "-" else {
            return logger.error("standard input cannot be read again, nothing was reloaded")
        }
        var loaded: LoadedConfig?
        do {
            let next = try input.loadWithPlugins(plugins)
            reportPlugins()
            loaded = next
            defer { watcher = FileWatcher(next.watched.adding(server.filesRead)) }
            for warning in next.warnings { logger.warn(warning) }
            let registry = try logs.makeRegistry(next.json["logging"])
            try server.apply(next.json)
            config = next
            logger = registry.logger(named: "gateway")
            logger.info("reloaded") { $0.field("config", input.path) }
            gwx_return_free_memory()
        } catch {
            let text =
                (error as? CommandError)?.message ?? loaded?.explain(error) ?? "\(error)"
            logger.error("configuration was refused, the old one goes on") {
                $0.field("error", text)
            }
        }
    }

    private func reportPlugins() {
        for failure in plugins.failures {
            logger.error("plugin could not be loaded") { record in
                record.field("plugin", failure.plugin)
                record.field("error", failure.description)
            }
        }
        for plugin in plugins.takeNewlyLoaded() {
            for warning in plugin.warnings {
                logger.warn(warning) { $0.field("plugin", plugin.name) }
            }
        }
        for plugin in plugins.takeNewlyChanged() {
            logger.warn("plugin file has changed, a restart is needed to use it") {
                $0.field("plugin", plugin.name)
            }
        }
    }

    // MARK: End

    private func stop(because reason: String, _ signals: SignalQueue) -> ExitStatus {
        notifier.stopping()
        let grace = gracePeriodNanoseconds
        logger.info("stopping, open requests may end") { record in
            record.field("reason", reason)
            record.field("grace_period", nanoseconds: Int64(clamping: grace))
        }
        let pidFile = pidFile
        signals.watchForSecond {
            if let pidFile { Files.remove(pidFile) }
            _exit(ExitStatus.forced.rawValue)
        }
        if !server.stop(graceNanoseconds: grace) {
            logger.warn("open requests were cut at the end of the grace period")
        }
        logger.info("stopped")
        end()
        return .success
    }

    private func end() {
        if let pidFile { Files.remove(pidFile) }
        pidFile = nil
        logs.shutdown()
    }

    /// The `grace_period` of the configuration: a number of nanoseconds or a duration.
    private var gracePeriodNanoseconds: UInt64 {
        let value = config.json["apps"]?["http"]?["grace_period"]
        let given = value?.intValue ?? value?.stringValue.flatMap(Quantities.nanoseconds)
        guard let given, given > 0 else { return Limits.drainTimeout }
        return UInt64(given)
    }

    /// What the environment says about the server.
    static func serverOptions() throws(CommandError) -> ServerOptions {
        ServerOptions(workers: try workerCount(), environment: Environment.variables)
    }

    /// `GATEWRIGHT_WORKERS`, else one event loop per processor.
    private static func workerCount() throws(CommandError) -> Int {
        guard let text = Environment.value("GATEWRIGHT_WORKERS"), !text.isEmpty else {
            return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        }
        guard let count = Int(text), (1...workersMax).contains(count) else {
            throw CommandError(
                message: "GATEWRIGHT_WORKERS is \"\(text)\", expected 1 to \(workersMax)")
        }
        return count
    }

    private static let workersMax = 1024
}

extension LogRecord {
    /// Appends a string to the open array.
    fileprivate func value(text: String) {
        var text = text
        text.withUTF8 { value(UnsafeRawBufferPointer($0)) }
    }
}
