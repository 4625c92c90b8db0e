// `fmt`: the one true form of a Caddyfile.
import Commands
import Config

extension Command {
    static let fmt = Command(
        name: "fmt", summary: "formats a Caddyfile",
        details: """
            Prints the formatted Caddyfile. Ends with status 1 when the file was not formatted and \
            is not overwritten.
            """,
        flags: [
            Flag("overwrite", short: "w", "writes the result to the file"),
            Flag("diff", short: "d", "prints what changes, line by line"),
            Flag("config", short: "c", .value("file"), "the file, as an operand does"),
        ],
        operands: "[<file>]", operandsMax: 1,
        run: { arguments throws(CommandError) in
            if arguments.operands.first == "-" { return try formatStandardInput(arguments) }
            let path = arguments.operands.first ?? arguments.value("config") ?? "Caddyfile"
            do throws(FilesError) {
                return try format(path, arguments)
            } catch {
                throw CommandError(message: error.description)
            }
        })

    private static func formatStandardInput(
        _ arguments: ParsedArguments
    ) throws(CommandError) -> ExitStatus {
        if arguments.has("overwrite") {
            throw CommandError(message: "--overwrite needs a file, not standard input")
        }
        do throws(FilesError) {
            let source = try Files.readStandardInput()
            show(source, CaddyfileFormatter.format(source), arguments)
            return .success
        } catch {
            throw CommandError(message: error.description)
        }
    }

    private static func format(
        _ path: String, _ arguments: ParsedArguments
    ) throws(FilesError) -> ExitStatus {
        let source = try Files.read(path)
        let formatted = CaddyfileFormatter.format(source)
        if arguments.has("overwrite") {
            if formatted != source { try Files.replace(path, with: formatted) }
            return .success
        }
        show(source, formatted, arguments)
        guard let line = CaddyfileFormatter.firstDifference(in: source) else { return .success }
        Console.error("\(path):\(line): file is not formatted, --overwrite does that")
        return .failed
    }

    private static func show(
        _ source: [UInt8], _ formatted: [UInt8], _ arguments: ParsedArguments
    ) {
        if arguments.has("diff") {
            Console.write(LineDifference.text(from: source, to: formatted))
        } else {
            Console.write(String(decoding: formatted, as: UTF8.self))
        }
    }
}

/// Two texts line by line: `- ` was, `+ ` is, two spaces for lines that stay.
enum LineDifference {
    static func text(from old: [UInt8], to new: [UInt8]) -> String {
        let (old, new) = (lines(old), lines(new))
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var text = ""
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if removed.contains(oldIndex) {
                text += "- \(old[oldIndex])\n"
                oldIndex += 1
            } else if inserted.contains(newIndex) {
                text += "+ \(new[newIndex])\n"
                newIndex += 1
            } else {
                text += "  \(new[newIndex])\n"
                oldIndex += 1
                newIndex += 1
            }
        }
        return text
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}
