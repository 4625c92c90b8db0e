// Diagnostics of the configuration: what was found, what was expected, where, and a suggestion.

/// A place in a configuration file. Lines and columns count from 1, columns in Unicode scalars.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }
}

/// Why a configuration is refused.
package struct ConfigError: Error, Sendable, Hashable {
    package var location: SourceLocation?
    /// Lower case, no full stop: what was found and what was expected.
    package var message: String
    /// What to do, most often `did you mean "x"?`.
    package var hint: String?
    /// The text of the line at `location`, without its line break.
    package var sourceLine: String?
    /// The imports that led here, innermost first.
    package var importChain: [ImportFrame]

    package init(
        _ message: String, at location: SourceLocation? = nil, hint: String? = nil,
        importChain: [ImportFrame] = []
    ) {
        self.message = message
        self.location = location
        self.hint = hint
        self.importChain = importChain
    }

    package init(_ message: String, at token: Token, hint: String? = nil) {
        self.init(
            message, at: token.location, hint: hint, importChain: token.origin?.frames ?? [])
    }
}

/// Something odd that does not stop the configuration from working.
package struct ConfigWarning: Sendable, Hashable {
    package var location: SourceLocation?
    package var message: String
    /// The environment variable that it is about.
    package var emptyVariable: String?

    package init(_ message: String, at location: SourceLocation?) {
        self.message = message
        self.location = location
    }
}

/// One `import` that led to a token.
package struct ImportFrame: Sendable, Hashable {
    package var location: SourceLocation
    /// The snippet's name or the file's path.
    package var target: String
}

extension ConfigError: CustomStringConvertible {
    /// The message with its place, the line with a caret under the column, and the import chain.
    package var description: String {
        var text = location.map { "\($0): \(message)" } ?? message
        if let hint { text += ", \(hint)" }
        if let sourceLine, let location {
            text += "\n    \(sourceLine)\n    \(caretIndent(sourceLine, column: location.column))^"
        }
        for frame in importChain {
            text += "\n  imported at \(frame.location) (\(frame.target))"
        }
        return text
    }

    /// White space as wide as what stands before the column; tabs stay tabs.
    private func caretIndent(_ line: String, column: Int) -> String {
        var indent = String.UnicodeScalarView()
        for scalar in line.unicodeScalars.prefix(column - 1) {
            indent.append(scalar == "\t" ? "\t" : " ")
        }
        return String(indent)
    }
}

extension ConfigWarning: CustomStringConvertible {
    package var description: String {
        location.map { "\($0): warning: \(message)" } ?? "warning: \(message)"
    }
}
