// `run`: serves a configuration until a signal ends it.
import Base
import Commands
import Loader

extension Command {
    static let run = Command(
        name: "run", summary: "serves a configuration in the foreground",
        details: """
            Serves the configuration. SIGTERM and SIGINT let open requests end first, a second one \
            and SIGQUIT do not; SIGHUP and SIGUSR1 read the configuration again.
            """,
        flags: ConfigInput.flags + [
            Flag("watch", short: "w", "reads the configuration again when a file of it changes"),
            Flag("environ", short: "e", "prints the environment first"),
            Flag("pidfile", .value("file"), "file to write the process id to"),
            Flag("resume", short: "r", "not supported: configurations come from files"),
        ],
        run: { arguments throws(CommandError) in
            if arguments.has("resume") {
                throw CommandError(
                    message: "--resume is not supported: nothing but its files changes a "
                        + "configuration, name them with --config")
            }
            try Environment.load(files: arguments.values("envfile"))
            if arguments.has("environ") { EnvironmentReport.show() }
            let input = try ConfigInput(arguments, fallback: .json)
            if input.path == "-", arguments.has("watch") {
                throw CommandError(message: "--watch needs a file, not standard input")
            }
            let signals = SignalQueue()
            let process = try GatewayProcess(
                input, plugins: PluginSet(arguments))
            try process.start(pidFile: arguments.value("pidfile"))
            return process.serve(signals, watches: arguments.has("watch"))
        })
}
