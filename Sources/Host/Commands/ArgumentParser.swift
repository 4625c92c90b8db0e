// Flags and operands of one command, read strictly.
internal import Base

/// A flag of a command.
package struct Flag: Sendable {
    package enum Kind: Equatable {
        case toggle
        /// Takes a value, at most once; the text names it in the help page.
        case value(String)
        /// Takes a value, any number of times.
        case values(String)
    }

    package var name: String
    package var short: Character?
    package var kind: Kind
    package var help: String

    /// A toggle.
    package init(_ name: String, short: Character? = nil, _ help: String) {
        self.init(name, short: short, .toggle, help)
    }

    package init(_ name: String, short: Character? = nil, _ kind: Kind, _ help: String) {
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
    }

    var valueName: String? {
        switch kind {
        case .toggle: nil
        case .value(let name), .values(let name): name
        }
    }
}

/// The arguments of a command.
///
/// `--name value`, `--name=value`, `-n value`, `--toggle`, `--toggle=false`; `--` ends the flags.
package struct ParsedArguments {
    package private(set) var operands: [String] = []
    private var given: [String: [String]] = [:]

    /// - Throws: `CommandError` for unknown and repeated flags, missing values and too many
    ///   operands.
    package init(_ arguments: [String], for command: Command) throws(CommandError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                operands.append(argument)
                continue
            }
            try take(argument, &rest, command)
        }
        guard operands.count <= command.operandsMax else {
            let extra = operands[command.operandsMax]
            throw CommandError(message: "unexpected argument \"\(extra)\" of \(command.name)")
        }
    }

    package func has(_ flag: String) -> Bool { given[flag]?.last == "true" }
    package func value(_ flag: String) -> String? { given[flag]?.last }
    package func values(_ flag: String) -> [String] { given[flag] ?? [] }

    private mutating func take(
        _ argument: String, _ rest: inout ArraySlice<String>, _ command: Command
    ) throws(CommandError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let written = String(parts[0])
        var value = parts.count > 1 ? String(parts[1]) : nil
        guard let flag = Self.find(written, command) else { throw Self.unknown(written, command) }
        if flag.kind == .toggle {
            value = value ?? "true"
            guard value == "true" || value == "false" else {
                throw CommandError(message: "\(written) is on or off, \"\(argument)\" is neither")
            }
        } else {
            value = value ?? rest.popFirst()
        }
        guard let value else { throw CommandError(message: "\(written) needs a value") }
        if case .value = flag.kind, given[flag.name] != nil {
            throw CommandError(message: "\(written) is given twice")
        }
        given[flag.name, default: []].append(value)
    }

    private static func find(_ written: String, _ command: Command) -> Flag? {
        command.flags.first { flag in
            written == "--\(flag.name)" || flag.short.map { written == "-\($0)" } ?? false
        }
    }

    private static func unknown(_ written: String, _ command: Command) -> CommandError {
        let hint = Suggestion.hint(for: written, among: command.flags.map { "--\($0.name)" })
        return CommandError(
            message: "unknown flag \"\(written)\" of \(command.name), "
                + (hint ?? "\"help \(command.name)\" lists its flags"))
    }
}
