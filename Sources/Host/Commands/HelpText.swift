// What `help` prints, made from the commands themselves.

package enum HelpText {
    package static func overview(of tool: CommandLineTool) -> String {
        let names = tool.commands.map { ($0.name, $0.summary) }
        return """
            \(tool.about)

            usage:
              \(tool.name) <command> [<flags>…]

            commands:
            \(table(names + [("help", "shows the help page of a command")]))

            "\(tool.name) help <command>" says more.
            """
    }

    package static func page(of command: Command, in tool: CommandLineTool) -> String {
        var usage = "\(tool.name) \(command.name)"
        if !command.flags.isEmpty { usage += " [<flags>…]" }
        if !command.operands.isEmpty { usage += " \(command.operands)" }
        var text = "\(command.details)\n\nusage:\n  \(usage)"
        if !command.flags.isEmpty {
            text += "\n\nflags:\n" + table(command.flags.map { (column(of: $0), $0.help) })
        }
        return text
    }

    private static func column(of flag: Flag) -> String {
        let short = flag.short.map { "-\($0), " } ?? "    "
        let value = flag.valueName.map { " <\($0)>" } ?? ""
        return "\(short)--\(flag.name)\(value)"
    }

    private static func table(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { left, right in
            "  \(left)\(String(repeating: " ", count: width - left.count))  \(right)"
        }.joined(separator: "\n")
    }
}
