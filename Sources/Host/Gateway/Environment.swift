// The environment of the process, and files that add to it.
import Commands

#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

enum Environment {
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Every variable as `NAME=value`, sorted.
    static var all: [String] {
        var lines: [String] = []
        var entry = environ
        while let text = entry.pointee {
            lines.append(String(cString: text))
            entry += 1
        }
        return lines.sorted()
    }

    /// As a dictionary.
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        for line in all {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return variables
    }

    /// Sets what the files of `--envfile` say; what is set already stays. Before threads start.
    static func load(files: [String]) throws(CommandError) {
        for path in files {
            let bytes: [UInt8]
            do throws(FilesError) { bytes = try Files.read(path) } catch {
                throw CommandError(message: "cannot read --envfile \(error)")
            }
            let variables = try EnvironmentFile.parse(String(decoding: bytes, as: UTF8.self), path)
            for (name, value) in variables { setenv(name, value, 0) }
        }
    }
}

/// Lines of `NAME=value`.
///
/// `export` before the name and comments that begin a line or follow white space are dropped.
/// A value in single or double quotes may span lines; `\"` within double quotes is a quote.
enum EnvironmentFile {
    static func parse(
        _ text: String, _ path: String
    ) throws(CommandError) -> [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        var number = 0
        while let line = lines.popFirst() {
            number += 1
            let place = "\(path):\(number)"
            let content = trimmed(line)
            if content.isEmpty || content.hasPrefix("#") { continue }
            guard let equals = content.firstIndex(of: "=") else {
                throw CommandError(message: "\(place): expected NAME=value")
            }
            var name = content[..<equals]
            if name.hasPrefix("export ") { name = trimmed(name.dropFirst("export ".count)) }
            guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
                throw CommandError(message: "\(place): expected a name without spaces before '='")
            }
            var value = content[content.index(after: equals)...]
            if let quote = value.first, quote == "\"" || quote == "'" {
                let start = String(value.dropFirst())
                guard let quoted = unquote(start, quote, &lines, &number) else {
                    throw CommandError(message: "\(place): quote is never closed")
                }
                variables.append((String(name), quoted))
            } else {
                if let comment = startOfComment(value) { value = value[..<comment] }
                variables.append((String(name), String(trimmed(value))))
            }
        }
        return variables
    }

    /// The text up to the closing quote; takes further lines as needed.
    private static func unquote(
        _ start: String, _ quote: Character, _ lines: inout ArraySlice<Substring>,
        _ number: inout Int
    ) -> String? {
        var value = ""
        var line = start
        while true {
            var isEscaped = false
            for character in line {
                if isEscaped {
                    value += character == quote ? "" : "\\"
                    value.append(character)
                    isEscaped = false
                } else if character == "\\", quote == "\"" {
                    isEscaped = true
                } else if character == quote {
                    return value
                } else {
                    value.append(character)
                }
            }
            guard let next = lines.popFirst() else { return nil }
            number += 1
            value += isEscaped ? "\\\n" : "\n"
            line = String(next)
        }
    }

    private static func startOfComment(_ value: Substring) -> Substring.Index? {
        value.indices.first { index in
            value[index] == "#"
                && (index == value.startIndex || value[value.index(before: index)].isWhitespace)
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
