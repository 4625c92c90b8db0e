// Finds, reads and adapts the configuration that a command line names.
import Base
import Commands
import Config
import Server
import Synchronization

/// How a configuration is written.
enum ConfigFormat: Sendable {
    case caddyfile, json

    /// - Parameter adapter: The value of `--adapter`.
    init?(adapter: String) {
        switch adapter {
        case "caddyfile": self = .caddyfile
        case "json": self = .json
        case _: return nil
        }
    }
}

/// What `--config` and `--adapter` say.
struct ConfigInput: Sendable {
    /// "-" is standard input.
    var path: String
    var format: ConfigFormat

    static let flags =
        [
            Flag("config", short: "c", .value("file"), "configuration to use; - is standard input"),
            Flag("adapter", short: "a", .value("name"), "how it is written: caddyfile or json"),
            Flag("envfile", .values("file"), "file with environment variables (repeatable)"),
        ] + PluginSet.flags

    /// - Parameter fallback: The format of files whose name does not tell.
    init(_ arguments: ParsedArguments, fallback: ConfigFormat) throws(CommandError) {
        path = arguments.value("config") ?? "Caddyfile"
        if path.isEmpty { throw CommandError(message: "--config is empty, expected a file") }
        guard let adapter = arguments.value("adapter") else {
            format = Self.format(of: path) ?? fallback
            return
        }
        guard let format = ConfigFormat(adapter: adapter) else {
            let hint = Suggestion.hint(for: adapter, among: ["caddyfile", "json"])
            throw CommandError(
                message: "unknown adapter \"\(adapter)\", \(hint ?? "expected caddyfile or json")")
        }
        self.format = format
    }

    /// The format that a file's name tells, nil when it tells none.
    static func format(of path: String) -> ConfigFormat? {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if name.hasSuffix(".json") { return .json }
        return name.hasPrefix("caddyfile") || name.hasSuffix(".caddyfile") ? .caddyfile : nil
    }

    /// Loads the configuration with the plugins that it mentions; when it cannot be understood
    /// with these, because it imports others' names or is wrong, with all that there are.
    ///
    /// - Throws: `CommandError` with the whole rendered message.
    func loadWithPlugins(_ plugins: PluginSet) throws(CommandError) -> LoadedConfig {
        guard path != "-", let text = try? Files.read(path) else {
            plugins.loadAll()
            return try load(plugins)
        }
        plugins.load(mentionedIn: text)
        do throws(CommandError) {
            let config = try load(plugins)
            // A directive may stand for a module of another plugin.
            if format == .caddyfile {
                plugins.load(mentionedIn: Array(config.json.serialized().utf8))
            }
            return config
        } catch {
            plugins.loadAll()
            return try load(plugins)
        }
    }

    /// - Throws: `CommandError` with the whole rendered message.
    func load(_ plugins: PluginSet) throws(CommandError) -> LoadedConfig {
        let recorder = InputRecorder()
        let bytes = try read(recorder)
        switch format {
        case .json: return try parse(bytes, recorder)
        case .caddyfile: return try adapt(bytes, plugins, recorder)
        }
    }

    private func read(_ recorder: InputRecorder) throws(CommandError) -> [UInt8] {
        do throws(FilesError) {
            if path == "-" { return try Files.readStandardInput() }
            return try recorder.read(path)
        } catch {
            throw CommandError(message: "cannot read the configuration \(error)")
        }
    }

    private func parse(
        _ bytes: [UInt8], _ recorder: InputRecorder
    ) throws(CommandError) -> LoadedConfig {
        do throws(JSONError) {
            let json = try JSONValue(parsing: bytes)
            return LoadedConfig(json: json, warnings: [], watched: recorder.inputs)
        } catch {
            let hint =
                path.hasSuffix(".json")
                ? "" : ", use --adapter caddyfile when it is a Caddyfile"
            throw CommandError(message: "\(path): \(error.description)\(hint)")
        }
    }

    private func adapt(
        _ bytes: [UInt8], _ plugins: PluginSet, _ recorder: InputRecorder
    ) throws(CommandError) -> LoadedConfig {
        let options = AdaptOptions(
            directives: PluginDirectives.definitions(plugins),
            modules: PluginModuleDefinitions.definitions(plugins), sources: recorder.sources)
        do throws(ConfigError) {
            let name = path == "-" ? "stdin" : path
            let result = try CaddyfileAdapter.adapt(bytes, fileName: name, options: options)
            return LoadedConfig(
                json: result.json, warnings: result.warnings.map(\.description),
                watched: recorder.inputs, positions: result.positions)
        } catch {
            let note = plugins.emptinessNote.map { "\n\($0)" } ?? ""
            throw CommandError(message: error.description + note)
        }
    }
}

/// A configuration as JSON.
struct LoadedConfig: Sendable {
    var json: JSONValue
    var warnings: [String]
    /// What it was read from.
    var watched: ConfigInputs
    /// What the Caddyfile says to a place in the JSON.
    var positions = SourcePositions()

    /// Why it cannot be served, with the place in the Caddyfile when that is known.
    func explain(_ error: any Error) -> String {
        guard let error = error as? ServerError,
            let located = positions.error(error.message, at: error.location)
        else { return "\(error)" }
        return located.description
    }

    func printWarnings() {
        for warning in warnings { Console.error(warning) }
    }
}

/// The files and patterns that a configuration was read from, and what they said.
struct ConfigInputs: Equatable, Sendable {
    var files: [String: FileDigest] = [:]
    var patterns: Set<String> = []

    func adding(_ others: [String: FileDigest]) -> ConfigInputs {
        var inputs = self
        inputs.files.merge(others) { first, _ in first }
        return inputs
    }
}

/// Gives files to the adapter and remembers which ones.
private final class InputRecorder: Sendable {
    private let recorded = Mutex(ConfigInputs())

    var inputs: ConfigInputs { recorded.withLock { $0 } }

    var sources: ConfigSources {
        ConfigSources(
            readFile: { [self] path in try read(path) },
            glob: { [self] pattern in
                recorded.withLock { _ = $0.patterns.insert(pattern) }
                return Files.matching(pattern)
            },
            environment: Environment.value)
    }

    func read(_ path: String) throws(FilesError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FilesError) {
            bytes = try Files.read(path)
        } catch {
            note(path, FileDigest(nil))
            throw error
        }
        note(path, FileDigest(bytes))
        return bytes
    }

    private func note(_ path: String, _ digest: FileDigest) {
        recorded.withLock { recorded in
            if recorded.files[path] == nil { recorded.files[path] = digest }
        }
    }
}
