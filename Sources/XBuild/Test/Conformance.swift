// The conformance suite: what every plugin has to stand, whatever it does.
//
// It drives the real host in its checking mode, not a model of it (docs/decisions): the plugin meets
// the code that it will meet in service.
import Base
import CSystem
import Commands
import Loader

struct Conformance {
    let bench: TestBench
    let manifest: PluginManifest
    let test: TestFile
    /// What to type to see a case again.
    let command: String
    var report: ConformanceReport
    let upstream: FakeUpstream

    /// Handler names in JSON of the modules of this plugin.
    var handlerNames: Set<String> {
        Set(manifest.modules.compactMap { $0.id.split(separator: ".").last.map(String.init) })
    }

    init(
        bench: TestBench, manifest: PluginManifest, test: TestFile, command: String,
        upstream: FakeUpstream
    ) {
        self.bench = bench
        self.manifest = manifest
        self.test = test
        self.command = command
        self.upstream = upstream
        report = ConformanceReport(plugin: manifest.name)
    }

    /// Runs everything; later groups are left out when an earlier one leaves nothing to look at.
    mutating func run() throws(BuildError) {
        guard try load() else { return }
        guard let json = try adapt() else { return }
        try lifeCycle(json)
        guard
            !report.results.contains(where: { $0.name == Self.exampleCase && $0.outcome == .failed }
            )
        else { return }
        try serve(json)
    }

    static let exampleCase = "the example configuration is provisioned and cleaned up"

    // Loading

    private mutating func load() throws(BuildError) -> Bool {
        let empty = try bench.write("empty.json", "{}")
        let result = try bench.call(["validate", "--config", empty], onlyPlugin: true).run()
        let problem = Self.problem(of: result)
        report.add("loading", "the plugin is loaded", problem, reproduce: command)
        return problem == nil
    }

    /// Why a command of the gateway did not succeed, nil when it did.
    static func problem(of result: ToolResult) -> String? {
        if let violation = violations(in: result).first { return violation.description }
        switch result.end {
        case .exited(0):
            return result.output.contains(text: "Valid configuration")
                ? nil : "the plugin's code ended the process with status 0"
        case .exited(1): return lastLine(result.errors)
        case .exited(let status): return "the plugin's code ended the process with status \(status)"
        case .signalled: return "the process ended with \(result.end)"
        case .timedOut: return "no end within \(TestBench.loadSecondsMax) s"
        }
    }

    static func violations(in result: ToolResult) -> [Violation] {
        (result.output + result.errors).split(separator: "\n").compactMap(Violation.init)
    }

    static func lastLine(_ text: String) -> String {
        text.trimmed.split(separator: "\n").last.map(String.init) ?? "no message"
    }

    // The example configuration

    private mutating func adapt() throws(BuildError) -> JSONValue? {
        let config = test.config ?? manifest.modules.flatMap(\.directives).first?.name ?? ""
        let caddyfile = """
            {
            \tadmin off
            \tauto_https off
            }
            http://127.0.0.1:65500 {
            \(config)
            \treverse_proxy 127.0.0.1:\(upstream.port)
            }

            """
        let path = try bench.write("Caddyfile", caddyfile)
        let result = try bench.call(["adapt", "--config", path, "--adapter", "caddyfile"]).run()
        let json = result.isSuccess ? try? JSONValue(parsing: result.output) : nil
        let problem = json == nil ? Self.lastLine(result.errors) : nil
        report.add(
            "life cycle", "the example configuration is adapted",
            problem.map {
                "\($0) (name another one: \"config\" of test.json, or --config)"
            }, reproduce: command)
        return json
    }

    // Life cycle

    private mutating func lifeCycle(_ json: JSONValue) throws(BuildError) {
        let plain = try validate(json)
        report.add("life cycle", Self.exampleCase, Self.problem(of: plain), reproduce: command)
        let variants = HandlerVariants.make(json, handlers: handlerNames)
        if variants.isEmpty {
            report.skip(
                "life cycle", "wrong configurations", "no handler of the plugin is in the example")
        }
        for variant in variants {
            try Interruption.check()
            let result = try validate(variant.json)
            report.add(
                "life cycle", variant.name, variantProblem(result, variant), reproduce: command)
        }
    }

    private func validate(_ json: JSONValue) throws(BuildError) -> ToolResult {
        let path = try bench.write("life.json", json.serialized())
        return try bench.call(["validate", "--config", path]).run()
    }

    /// A wrong configuration may be accepted or refused with a reason; nothing else.
    private func variantProblem(_ result: ToolResult, _ variant: HandlerVariants.Variant) -> String?
    {
        if let violation = Self.violations(in: result).first { return violation.description }
        switch result.end {
        case .exited(0):
            return variant.mustFail ? "accepted: a member that nobody reads has to be refused" : nil
        case .exited(1):
            return result.errors.contains(text: "gave no reason")
                ? "refused without a reason: call fail before returning an error" : nil
        case .exited, .signalled, .timedOut: return Self.problem(of: result)
        }
    }
}
