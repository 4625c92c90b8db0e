// The commands of gatewright, and how a command line finds one.
import Base

/// How the process ends.
enum ExitStatus: Int32 {
    case success = 0
    /// Bad usage, a refused configuration, or a gateway that could not start.
    case failed = 1
    /// A second signal, or SIGQUIT, ended it without waiting.
    case forced = 2
}

/// Why a command did not do its work. Shown on standard error.
struct CommandError: Error, Equatable {
    var message: String
}

/// A word that comes first on the command line.
struct Command: Sendable {
    var name: String
    var summary: String
    /// What the command does, for its help page.
    var details: String
    var flags: [Flag] = []
    /// How its operands are named in the help page; empty when it takes none.
    var operands = ""
    var operandsMax = 0
    var run: @Sendable (ParsedArguments) throws(CommandError) -> ExitStatus
}

enum CommandLineTool {
    static let commands: [Command] = [
        .run, .validate, .adapt, .fmt, .hashPassword, .listModules, .trust, .untrust, .environ,
        .version, .buildInfo,
    ]

    /// Runs the command that the arguments (without the program's name) ask for.
    static func run(_ arguments: [String]) -> ExitStatus {
        ThreadRole.current = .config
        do throws(CommandError) {
            return try dispatch(arguments)
        } catch {
            Console.error(error.message)
            return .failed
        }
    }

    private static func dispatch(_ arguments: [String]) throws(CommandError) -> ExitStatus {
        guard let name = arguments.first else {
            Console.print(HelpText.overview)
            return .success
        }
        let rest = Array(arguments.dropFirst())
        switch name {
        case "help", "--help", "-h": return try help(rest)
        case "--version", "-v": return try dispatch(["version"])
        case _: break
        }
        let command = try find(name)
        if rest.contains(where: { $0 == "--help" || $0 == "-h" }) { return try help([name]) }
        return try command.run(ParsedArguments(rest, for: command))
    }

    private static func help(_ arguments: [String]) throws(CommandError) -> ExitStatus {
        guard let name = arguments.first, name != "help" else {
            Console.print(HelpText.overview)
            return .success
        }
        Console.print(HelpText.page(of: try find(name)))
        return .success
    }

    private static func find(_ name: String) throws(CommandError) -> Command {
        if let command = commands.first(where: { $0.name == name }) { return command }
        let kind = name.hasPrefix("-") ? "flag before the command" : "command"
        let hint = Suggestion.hint(for: name, among: commands.map(\.name) + ["help"])
        throw CommandError(
            message:
                "unknown \(kind) \"\(name)\", \(hint ?? "\"gatewright help\" lists what there is")")
    }
}
