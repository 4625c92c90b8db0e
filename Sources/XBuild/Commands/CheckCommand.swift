// `xbuild check`: reads a plugin's file and says what is wrong with it.
import Base
import Commands
import Loader

extension Command {
    static let check = Command(
        name: "check", summary: "looks at a plugin's file without running it",
        details: """
            Reads the manifest and looks at exports, imports, relocations, stack, search paths and \
            libraries. Ends with status 0 when there are no errors, else with 1.
            """,
        flags: [
            Flag("json", "prints JSON"),
            Flag("strict", "takes warnings as errors"),
        ],
        operands: "<file.so>", operandsMax: 1,
        run: { arguments throws(CommandError) in
            guard let path = arguments.operands.first else {
                throw CommandError(message: "error: check needs the file of a plugin")
            }
            let bytes = try reporting { () throws(BuildError) in
                try withFiles { () throws(FilesError) in
                    try Files.read(path, bytesMax: Limits.pluginFileBytesMax)
                }
            }
            let report = SharedObjectCheck.run(bytes, path: Paths.absolute(path))
            if arguments.has("json") {
                Console.print(IndentedJSON.format(report.json.serialized()))
            } else {
                Console.print(report.text)
            }
            let isBad =
                report.hasErrors
                || (arguments.has("strict")
                    && report.findings.contains { $0.severity == .warning })
            return isBad ? .failed : .success
        })
}

extension ObjectReport {
    var text: String {
        var lines = ["\(Paths.name(path)): \(size) bytes"]
        if let manifest {
            let runtime = [manifest.runtime?.language, manifest.runtime?.mode]
                .compactMap { $0 }.filter { !$0.isEmpty && $0 != "none" }.joined(separator: ", ")
            lines.append("  plugin       \(manifest.name) \(manifest.version)")
            lines.append(
                "  abi          \(manifest.abi.major), host ≥ minor \(manifest.abi.minMinor)")
            if !runtime.isEmpty { lines.append("  runtime      \(runtime)") }
            for module in manifest.modules {
                let directives = module.directives.map(\.name).joined(separator: ", ")
                lines.append(
                    "  module       \(module.id)" + (directives.isEmpty ? "" : " (\(directives))"))
            }
            if !manifest.permissions.isEmpty {
                lines.append("  permissions  \(manifest.permissions.joined(separator: ", "))")
            }
        }
        if !needs.isEmpty { lines.append("  libraries    \(needs.joined(separator: ", "))") }
        lines += findings.map { "  \($0.description)" }
        if !hasErrors { lines.append("  no errors") }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "file": .string(path), "size": .int(Int64(size)), "ok": .bool(!hasErrors),
            "libraries": .array(needs.map { .string($0) }),
            "findings": .array(findings.map(\.json)),
        ]
        if let manifest {
            members["plugin"] = .string(manifest.name)
            members["version"] = .string(manifest.version)
            members["permissions"] = .array(manifest.permissions.map { .string($0) })
            members["modules"] = .array(
                manifest.modules.map { ["id": .string($0.id), "kind": .string($0.kind)] })
        }
        return .object(members)
    }
}
