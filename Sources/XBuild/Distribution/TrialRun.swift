// The new distribution loads its plugins once before anybody gets it.
import Base
import Commands

/// Loads plugins in a process of their own: whatever their code does, xbuild stays.
enum TrialRun {
    private static let secondsMax: UInt64 = 20

    /// - Throws: `BuildError` that names the plugin which could not be loaded, and how that ended.
    static func run(_ root: String, plugins: [String]) throws(BuildError) {
        let result = try load(root, folder: nil)
        if isGood(result) { return }
        for name in plugins {
            // Alone in a folder: the standard folders are searched, too, but it is enough to load it.
            let alone = try loadAlone(root, name)
            if !isGood(alone) { throw failure(alone, "plugin \(name): cannot be loaded") }
        }
        throw failure(result, "the plugins cannot be loaded together")
    }

    /// A constructor that exits with status 0 must not read as success.
    private static func isGood(_ result: ToolResult) -> Bool {
        result.isSuccess && result.output.contains(text: "Valid configuration")
    }

    private static func loadAlone(_ root: String, _ name: String) throws(BuildError) -> ToolResult {
        let folder = "\(root)/.trial"
        defer { Folders.remove(folder) }
        try withFiles { () throws(FilesError) in
            Folders.remove(folder)
            try Folders.copy("\(root)/bin/gatewright", to: "\(folder)/bin/gatewright", mode: 0o755)
            try Folders.link("../lib", at: "\(folder)/lib")
            try Folders.copy(
                "\(root)/plugins/\(name).so", to: "\(folder)/plugins/\(name).so", mode: 0o644)
        }
        return try load(folder, folder: folder)
    }

    private static func load(_ root: String, folder: String?) throws(BuildError) -> ToolResult {
        let configuration = "\(root)/.trial.json"
        defer { Folders.remove(configuration) }
        try withFiles { () throws(FilesError) in
            try Folders.write("{}", to: configuration)
        }
        return try ToolCall(
            program: "\(root)/bin/gatewright",
            arguments: ["validate", "--config", configuration],
            environment: ["GATEWRIGHT_PLUGINS": nil, "LD_LIBRARY_PATH": nil],
            secondsMax: secondsMax
        ).run()
    }

    private static func failure(_ result: ToolResult, _ message: String) -> BuildError {
        let how =
            switch result.end {
            case .exited(1): ""
            case .exited(let status): ": its code ended the process with status \(status)"
            case .signalled: ": its code ended the process with \(result.end)"
            case .timedOut: ": its code did not return within \(secondsMax) s"
            }
        return BuildError(message + how, output: result.tail)
    }
}
