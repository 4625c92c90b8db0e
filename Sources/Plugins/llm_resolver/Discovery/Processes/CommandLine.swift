// The command line of a process as a candidate shows it.

enum CommandLine {
    private static let binFolder = "node_modules/.bin/"
    private static let interpreters = ["python", "node", "ruby", "perl", "php", "bash", "sh"]

    /// Words with spaces between: no directory before the program nor before a script of a `bin`
    /// folder that an interpreter runs, no `node_modules/.bin/` with what stands before it, no
    /// control characters, cut at a limit.
    static func text(_ words: [String]) -> String {
        guard let program = words.first else { return "" }
        let name = lastComponent(program)
        var shortened = [name]
        for (index, word) in words.dropFirst().enumerated() {
            let word =
                index == 0 && isInterpreter(name) ? withoutBinFolder(word) : withoutModules(word)
            shortened.append(quoted(word))
        }
        return cleaned(shortened.joined(separator: " "))
    }

    /// The words in the bytes of /proc/PID/cmdline. A process that wrote a title of its own there
    /// (nginx, PostgreSQL) has one word, padded with spaces or NULs.
    static func words(_ bytes: [UInt8]) -> [String] {
        var words = bytes.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        while words.last?.utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) == true {
            words.removeLast()
        }
        return words
    }

    /// A word that would not be seen to be one stands in quotes.
    private static func quoted(_ word: String) -> String {
        word.isEmpty || word.utf8.contains(UInt8(ascii: " ")) ? "'\(word)'" : word
    }

    private static func withoutModules(_ word: String) -> String {
        guard word.utf8.count > binFolder.utf8.count,
            let start = lastRange(of: binFolder, in: word)
        else { return word }
        return String(word[start...])
    }

    private static func withoutBinFolder(_ word: String) -> String {
        let word = withoutModules(word)
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[parts.count - 2] == "bin" else { return word }
        return String(parts[parts.count - 1])
    }

    /// Behind the last occurrence.
    private static func lastRange(of part: String, in text: String) -> String.Index? {
        let part = Array(part.utf8)
        var start = text.utf8.endIndex
        while start > text.utf8.startIndex {
            start = text.utf8.index(before: start)
            if text.utf8[start...].starts(with: part) {
                return text.utf8.index(start, offsetBy: part.count)
            }
        }
        return nil
    }

    private static func isInterpreter(_ name: String) -> Bool {
        let stem = name.prefix { $0.isLetter }
        return interpreters.contains { $0 == stem }
    }

    /// The directory of a program is not shown, but a title such as "nginx: master process
    /// /usr/sbin/nginx" is no path.
    private static func lastComponent(_ program: String) -> String {
        let path = program.prefix { $0 != " " }
        guard path.utf8.contains(UInt8(ascii: "/")), let slash = path.lastIndex(of: "/") else {
            return program
        }
        return String(program[program.index(after: slash)...])
    }

    static func cleaned(_ text: String) -> String {
        cleaned(text, bytesMax: DiscoveryLimits.argumentsBytesMax)
    }

    /// Without control characters and at most that long, cut between characters.
    static func cleaned(_ text: String, bytesMax: Int) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            guard result.utf8.count + UTF8.width(scalar) <= bytesMax else { break }
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        while result.utf8.last == UInt8(ascii: " ") { result.unicodeScalars.removeLast() }
        return result
    }
}
