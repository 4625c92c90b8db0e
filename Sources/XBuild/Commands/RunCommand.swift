// `xbuild run`, and `xbuild` alone: builds a gateway and runs it on the Caddyfile that is here.
import Base
import Commands
import Services

extension Command {
    static let run = Command(
        name: "run", summary: "makes a gateway and runs it on ./Caddyfile",
        details: """
            Makes a gateway with the standard plugins, those of --with, and the plugin whose sources are \
            in the current folder, if there is one; then runs it. What follows -- is passed on to \
            "gatewright run"; without --config there, it is ./Caddyfile.
            """,
        flags: BuildRequest.flags, operands: "[-- <arguments of gatewright run>…]",
        operandsMax: 64,
        run: { arguments throws(CommandError) in
            try reporting { () throws(BuildError) in try start(arguments) }
        })

    private static func start(_ arguments: ParsedArguments) throws(BuildError) -> ExitStatus {
        var passed = arguments.operands
        if !passed.contains(where: { $0.hasPrefix("--config") || $0 == "-c" }) {
            guard Folders.isFile("Caddyfile") else {
                throw BuildError(
                    "no Caddyfile in \(Paths.current): write one, or name it: xbuild run -- --config FILE"
                )
            }
            passed = ["--config", "Caddyfile", "--adapter", "caddyfile"] + passed
        }
        let request = try BuildRequest(arguments, own: ownPlugin())
        let target = "\(request.cache.folder)/run/\(folderKey(request))"
        try Progress.timed("gateway made") { () throws(BuildError) in
            _ = try request.makeDistribution(in: target)
        }
        throw ToolCall(
            program: "\(target)/bin/gatewright", arguments: ["run"] + passed,
            environment: ["GATEWRIGHT_PLUGINS": nil]
        ).replaceProcess()
    }

    /// The plugin that is written in the current folder: sources, and a manifest or the test.json
    /// of `xbuild new`. Other sources may lie beside a Caddyfile, too.
    private static func ownPlugin() throws(BuildError) -> PluginSpec? {
        let manifest = ["manifest.json", "Manifest/manifest.json"].first(where: Folders.isFile)
        guard manifest != nil || Folders.isFile(TestFile.fileName),
            (try? PluginLanguage.detect(Paths.current)) != nil
        else { return nil }
        let text = manifest.flatMap { try? Files.read($0) }
        let name = text.flatMap { try? JSONValue(parsing: $0) }?["name"]?.stringValue
        return try PluginSpec("\(name ?? Paths.name(Paths.current))=.")
    }

    /// One folder for each set of plugins, so that two of these may run at once.
    private static func folderKey(_ request: BuildRequest) -> String {
        var key = ContentKey()
        key.add("folder", Paths.current)
        key.add("mode", request.mode.rawValue)
        for spec in request.specs { key.add("plugin", "\(spec)") }
        return String(key.value.prefix(16))
    }
}
