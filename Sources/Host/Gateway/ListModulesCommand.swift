// `list-modules`: what the plugins in the plugin folders offer.
import Base
import Commands
import Loader

extension Command {
    static let listModules = Command(
        name: "list-modules", summary: "lists the modules of the plugins",
        details: """
            Lists the modules of every plugin in the plugin folders, without running any of it; \
            --directives loads them.
            """,
        flags: [
            Flag("packages", "shows the plugin that has the module"),
            Flag("versions", "shows the plugin's version"),
            Flag("directives", "lists directives with their order instead"),
            Flag("json", "prints JSON"),
            Flag("skip-standard", "accepted for Caddy's sake: every module is a plugin's"),
        ] + PluginSet.flags,
        run: { arguments throws(CommandError) in
            let plugins = PluginSet(arguments)
            if arguments.has("directives") {
                listDirectives(plugins, arguments)
            } else {
                listModules(plugins, arguments)
            }
            if let note = plugins.emptinessNote, plugins.loader.finder.available().isEmpty {
                Console.error(note)
            }
            return .success
        })

    private static func listModules(_ plugins: PluginSet, _ arguments: ParsedArguments) {
        var rows: [(id: String, kind: String, plugin: String, version: String)] = []
        for entry in plugins.loader.catalog() {
            switch entry.manifest {
            case .success(let manifest):
                rows += manifest.modules.map { ($0.id, $0.kind, manifest.name, manifest.version) }
            case .failure(let error): Console.error("warning: \(error)")
            }
        }
        rows.sort { $0.id < $1.id }
        if arguments.has("json") {
            let list = rows.map { row -> JSONValue in
                [
                    "module_name": .string(row.id), "module_type": .string(row.kind),
                    "package_url": .string(row.plugin), "version": .string(row.version),
                ]
            }
            return Console.print(IndentedJSON.format(JSONValue.array(list).serialized()))
        }
        for row in rows {
            var line = row.id
            if arguments.has("packages") { line += " \(row.plugin)" }
            if arguments.has("versions") { line += " v\(row.version)" }
            Console.print(line)
        }
        Console.print("\n  Modules: \(rows.count)")
    }

    private static func listDirectives(_ plugins: PluginSet, _ arguments: ParsedArguments) {
        plugins.loadAll()
        for failure in plugins.failures { Console.error("warning: \(failure)") }
        let directives = plugins.loader.registry.allDirectives
        if arguments.has("json") {
            let list = directives.map { directive -> JSONValue in
                [
                    "name": .string(directive.name), "order": .string(directive.order.text),
                    "module_name": .string(directive.module), "summary": .string(directive.summary),
                ]
            }
            return Console.print(IndentedJSON.format(JSONValue.array(list).serialized()))
        }
        for directive in directives {
            var line = "\(directive.name) \(directive.order.text)"
            if arguments.has("packages") { line += " \(directive.plugin)" }
            Console.print("\(line)  \(directive.summary)")
        }
    }
}

extension LoadedDirective.Order {
    /// As a manifest has it.
    fileprivate var text: String {
        switch self {
        case .rank(let rank): "rank:\(rank)"
        case .before(let name): "before:\(name)"
        case .after(let name): "after:\(name)"
        case .unordered: "unordered"
        }
    }
}
