// The commands of a program, and how a command line finds one.
internal import Base

/// How the process ends.
package enum ExitStatus: Int32, Sendable {
    case success = 0
    /// Bad usage, a refused configuration, or work that could not be done.
    case failed = 1
    /// A second signal, or SIGQUIT, ended it without waiting.
    case forced = 2
}

/// Why a command did not do its work. Shown on standard error.
package struct CommandError: Error, Equatable {
    package var message: String

    package init(message: String) { self.message = message }
}

/// A word that comes first on the command line.
package struct Command: Sendable {
    package typealias Action = @Sendable (ParsedArguments) throws(CommandError) -> ExitStatus

    package var name: String
    package var summary: String
    /// What the command does, for its help page.
    package var details: String
    package var flags: [Flag]
    /// How its operands are named in the help page; empty when it takes none.
    package var operands: String
    package var operandsMax: Int
    package var run: Action

    package init(
        name: String, summary: String, details: String, flags: [Flag] = [], operands: String = "",
        operandsMax: Int = 0, run: @escaping Action
    ) {
        self.name = name
        self.summary = summary
        self.details = details
        self.flags = flags
        self.operands = operands
        self.operandsMax = operandsMax
        self.run = run
    }
}

/// A program that is made of commands.
package struct CommandLineTool: Sendable {
    package var name: String
    /// One sentence on the program.
    package var about: String
    package var commands: [Command]
    /// What a command line means that does not begin with the name of a command; without it, it
    /// shows the overview or is an error.
    package var otherwise: (@Sendable ([String]) -> [String]?)?

    package init(
        name: String, about: String, commands: [Command],
        otherwise: (@Sendable ([String]) -> [String]?)? = nil
    ) {
        self.name = name
        self.about = about
        self.commands = commands
        self.otherwise = otherwise
    }

    /// Runs the command that the arguments (without the program's name) ask for.
    package func run(_ arguments: [String]) -> ExitStatus {
        ThreadRole.current = .config
        do throws(CommandError) {
            return try dispatch(arguments)
        } catch {
            Console.error(error.message)
            return .failed
        }
    }

    private func dispatch(_ arguments: [String]) throws(CommandError) -> ExitStatus {
        switch arguments.first {
        case "help", "--help", "-h": return try help(Array(arguments.dropFirst()))
        case "--version", "-v": return try dispatch(["version"])
        case _: break
        }
        if let meant = otherwise?(arguments) { return try start(meant) }
        guard !arguments.isEmpty else {
            Console.print(HelpText.overview(of: self))
            return .success
        }
        return try start(arguments)
    }

    private func start(_ arguments: [String]) throws(CommandError) -> ExitStatus {
        let command = try find(arguments[0])
        let rest = Array(arguments.dropFirst())
        let own = rest.prefix { $0 != "--" }
        if own.contains(where: { $0 == "--help" || $0 == "-h" }) {
            return try help([command.name])
        }
        return try command.run(ParsedArguments(rest, for: command))
    }

    private func help(_ arguments: [String]) throws(CommandError) -> ExitStatus {
        guard let name = arguments.first, name != "help" else {
            Console.print(HelpText.overview(of: self))
            return .success
        }
        Console.print(HelpText.page(of: try find(name), in: self))
        return .success
    }

    private func find(_ word: String) throws(CommandError) -> Command {
        if let command = commands.first(where: { $0.name == word }) { return command }
        let kind = word.hasPrefix("-") ? "flag before the command" : "command"
        let hint = Suggestion.hint(for: word, among: commands.map(\.name) + ["help"])
        throw CommandError(
            message:
                "unknown \(kind) \"\(word)\", \(hint ?? "\"\(name) help\" lists what there is")"
        )
    }
}
