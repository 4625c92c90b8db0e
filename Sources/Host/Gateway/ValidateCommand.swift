// `validate`: everything that a start does short of serving.
import Base
import Commands
import Loader
import Logging
import Server

extension Command {
    static let validate = Command(
        name: "validate", summary: "tells whether a configuration could be served",
        details: """
            Adapts and provisions the configuration without serving it. Any plugin that cannot be \
            loaded is an error, too.
            """,
        flags: ConfigInput.flags,
        run: { arguments throws(CommandError) in
            try Environment.load(files: arguments.values("envfile"))
            let input = try ConfigInput(arguments, fallback: .json)
            let plugins = PluginSet(arguments)
            plugins.loadAll()
            let config = try input.load(plugins)
            config.printWarnings()
            try Validation.provision(config, plugins)
            if !plugins.failures.isEmpty {
                throw CommandError(
                    message: plugins.failures.map(\.description).joined(separator: "\n"))
            }
            Console.print("Valid configuration")
            return .success
        })
}

enum Validation {
    /// Builds everything that the configuration asks for and throws it away.
    static func provision(_ config: LoadedConfig, _ plugins: PluginSet) throws(CommandError) {
        do {
            let logs = try LogSystem(tools: LogTools.standard)
            defer { logs.shutdown() }
            _ = try logs.makeRegistry(config.json["logging"])
            let server = try GatewayServer(
                loader: plugins.loader, logs: logs, options: GatewayProcess.serverOptions())
            try server.validate(config.json)
        } catch {
            throw CommandError(message: config.explain(error))
        }
    }
}
