// What is right and wrong with a plugin, for people and as JSON.
import Base

/// One thing that was noticed.
struct Finding: Equatable {
    enum Severity: String {
        /// The host refuses it, or it would harm the gateway.
        case error
        /// It works here and may not work elsewhere or later.
        case warning
        case note
    }

    var severity: Severity
    /// The rule, for programs: "exports", "imports", …
    var rule: String
    /// Lower case, no full stop: what was found, what was expected.
    var message: String
    /// What to do; may be empty.
    var hint = ""

    init(_ severity: Severity, _ rule: String, _ message: String, hint: String = "") {
        self.severity = severity
        self.rule = rule
        self.message = message
        self.hint = hint
    }

    var description: String {
        "\(severity.rawValue): \(rule): \(message)" + (hint.isEmpty ? "" : " (\(hint))")
    }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "severity": .string(severity.rawValue), "rule": .string(rule),
            "message": .string(message),
        ]
        if !hint.isEmpty { members["hint"] = .string(hint) }
        return .object(members)
    }
}
