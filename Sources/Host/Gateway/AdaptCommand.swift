// `adapt`: a configuration as JSON on standard output.

import Base
import Commands

extension Command {
    static let adapt = Command(
        name: "adapt", summary: "turns a configuration into JSON",
        details: """
            Prints the configuration as JSON, as the gateway would serve it. Warnings go to \
            standard error.
            """,
        flags: ConfigInput.flags + [
            Flag("pretty", short: "p", "indents the JSON"),
            Flag("validate", "provisions the configuration, too, without serving it"),
        ],
        run: { arguments throws(CommandError) in
            try Environment.load(files: arguments.values("envfile"))
            let input = try ConfigInput(arguments, fallback: .caddyfile)
            let plugins = PluginSet(arguments)
            plugins.loadAll()
            for failure in plugins.failures { Console.error("warning: \(failure)") }
            let config = try input.load(plugins)
            config.printWarnings()
            if arguments.has("validate") { try Validation.provision(config, plugins) }
            let json = config.json.serialized()
            Console.print(arguments.has("pretty") ? IndentedJSON.format(json) : json)
            return .success
        })
}
