// `xbuild test`: the conformance suite for one plugin.
import Base
import Commands
import Loader

extension Command {
    static let test = Command(
        name: "test", summary: "runs the conformance suite against a plugin",
        details: """
            Takes a plugin's shared object, or the folder of its sources, which is built first. Runs it \
            in the checking host, in a process of its own: life cycle with right and wrong \
            configurations, bodies whole and in pieces, broken upstreams, clients that leave at every \
            point, leaks, thread rules; and the requests of its test.json.

            {$UPSTREAM} in the configuration is the address of the suite's own server.
            """,
        flags: [
            Flag(
                "config", short: "c", .value("file"),
                "lines of a Caddyfile that use the plugin (default: \"config\" of test.json)"),
            Flag("name", .value("name"), "of the plugin, when the folder has another one"),
            Flag("gateway", .value("folder"), "distribution to run it in (default: made here)"),
            Flag("json", "prints JSON"),
        ] + BuildRequest.flags.filter { $0.name != "with" && $0.name != "bare" },
        operands: "<file.so or folder>", operandsMax: 1,
        run: { arguments throws(CommandError) in
            let report = try reporting { () throws(BuildError) in try test(arguments) }
            if arguments.has("json") {
                Console.print(IndentedJSON.format(report.json.serialized()))
            } else {
                Console.print(report.text)
            }
            return report.failures.isEmpty ? .success : .failed
        })

    private static func test(_ arguments: ParsedArguments) throws(BuildError) -> ConformanceReport {
        Progress.configure(arguments)
        guard let operand = arguments.operands.first else {
            throw BuildError("test needs the file or the folder of a plugin")
        }
        let given = Paths.absolute(operand)
        let cache = try Cache(option: arguments.value("cache"))
        let mode = try PluginMode(option: arguments.value("mode"))
        var file = given
        var name = arguments.value("name") ?? Paths.name(given)
        if Folders.isFolder(given) {
            let build = try PluginBuild(
                name: name, folder: given, mode: mode,
                checkout: try Checkout.find(option: arguments.value("source")))
            do throws(BuildError) { file = try build.run(cache) } catch {
                throw error.about(plugin: name)
            }
        } else if arguments.value("name") == nil {
            name = String(name.prefix(name.count - PluginFinder.fileSuffix.count))
        }
        let gateway = try gatewayFolder(arguments, cache, mode)
        return try TestSession(
            file: file, name: name, gateway: gateway,
            test: try testFile(arguments, given), command: "xbuild test \(operand)", cache: cache
        ).run()
    }

    private static func testFile(
        _ arguments: ParsedArguments, _ given: String
    ) throws(BuildError) -> TestFile {
        let folder = Folders.isFolder(given) ? given : Paths.folder(given)
        var test = try TestFile(path: "\(folder)/\(TestFile.fileName)")
        if let path = arguments.value("config") {
            let text = try withFiles { () throws(FilesError) in try Files.read(path) }
            test.config = String(decoding: text, as: UTF8.self)
        }
        return test
    }

    /// A gateway with the standard plugins.
    private static func gatewayFolder(
        _ arguments: ParsedArguments, _ cache: Cache, _ mode: PluginMode
    ) throws(BuildError) -> String {
        if let folder = arguments.value("gateway") {
            guard Folders.isExecutable("\(folder)/bin/gatewright") else {
                throw BuildError("\(folder) is no distribution: no bin/gatewright in it")
            }
            return Paths.absolute(folder)
        }
        let checkout = try Checkout.find(option: arguments.value("source"))
        var key = ContentKey()
        key.add("checkout", checkout.folder)
        let target = "\(cache.folder)/run/test-\(key.value.prefix(16))"
        let request = try BuildRequest(
            specs: BuildRequest.standardSpecs(), mode: .shared, checkout: checkout, cache: cache)
        _ = try request.makeDistribution(in: target)
        return target
    }
}

/// One run of the suite: a folder with the plugin, removed afterwards.
struct TestSession {
    let file: String
    let name: String
    let gateway: String
    let test: TestFile
    let command: String
    let cache: Cache

    func run() throws(BuildError) -> ConformanceReport {
        let work = "\(cache.folder)/test.\(Folders.processID)"
        defer { Folders.remove(work) }
        let bytes = try withFiles { () throws(FilesError) in
            try Files.read(file, bytesMax: Limits.pluginFileBytesMax)
        }
        let looked = SharedObjectCheck.run(bytes, path: file, name: name)
        guard let manifest = looked.manifest, !looked.hasErrors else {
            var report = ConformanceReport(plugin: name)
            for finding in looked.findings where finding.severity == .error {
                report.add("file", finding.rule, finding.message, reproduce: "xbuild check \(file)")
            }
            return report
        }
        try withFiles { () throws(FilesError) in
            Folders.remove(work)
            try Folders.write(bytes, to: "\(work)/plugins/\(name).so")
        }
        let upstream = try FakeUpstream()
        let bench = TestBench(
            program: "\(gateway)/bin/gatewright", pluginFolder: "\(work)/plugins",
            standardFolder: "\(gateway)/plugins", work: work,
            environment: [
                "GATEWRIGHT_CHECK": "1", "GATEWRIGHT_PLUGINS": nil, "GATEWRIGHT_WORKERS": "2",
                "XDG_DATA_HOME": "\(work)/data", "XDG_CONFIG_HOME": "\(work)/config",
                "UPSTREAM": "127.0.0.1:\(upstream.port)",
            ])
        var suite = Conformance(
            bench: bench, manifest: manifest, test: test, command: command, upstream: upstream)
        suite.report.add("file", "xbuild check", nil)
        try suite.run()
        return suite.report
    }
}
