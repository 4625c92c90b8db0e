// What `xbuild test` found, for the author of the plugin.
import Base

/// One expectation and whether the plugin met it.
struct CaseResult: Equatable {
    enum Outcome: String {
        case passed, failed
        /// Nothing to look at: the plugin does not do such a thing.
        case notApplicable = "not applicable"
    }

    /// "life cycle", "whole and fragments", …
    var group: String
    /// What was done.
    var name: String
    var outcome: Outcome
    /// The rule that was broken, and what was seen.
    var message = ""
    /// How to see it again.
    var reproduce = ""

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "group": .string(group), "case": .string(name), "outcome": .string(outcome.rawValue),
        ]
        if !message.isEmpty { members["message"] = .string(message) }
        if !reproduce.isEmpty { members["reproduce"] = .string(reproduce) }
        return .object(members)
    }
}

struct ConformanceReport {
    let plugin: String
    var results: [CaseResult] = []

    var failures: [CaseResult] { results.filter { $0.outcome == .failed } }

    mutating func add(
        _ group: String, _ name: String, _ problem: String?, reproduce: String = ""
    ) {
        results.append(
            CaseResult(
                group: group, name: name, outcome: problem == nil ? .passed : .failed,
                message: problem ?? "", reproduce: problem == nil ? "" : reproduce))
    }

    mutating func skip(_ group: String, _ name: String, _ why: String) {
        results.append(
            CaseResult(group: group, name: name, outcome: .notApplicable, message: why))
    }

    var text: String {
        var lines: [String] = []
        var groups: [String] = []
        for result in results where !groups.contains(result.group) { groups.append(result.group) }
        for group in groups {
            let cases = results.filter { $0.group == group }
            let passed = cases.count { $0.outcome == .passed }
            let failed = cases.filter { $0.outcome == .failed }
            let skipped = cases.count { $0.outcome == .notApplicable }
            var line = "\(failed.isEmpty ? "ok  " : "FAIL") \(group): \(passed) passed"
            if !failed.isEmpty { line += ", \(failed.count) failed" }
            if skipped > 0 { line += ", \(skipped) not applicable" }
            lines.append(line)
            for failure in failed {
                lines.append("     \(failure.name): \(failure.message)")
                if !failure.reproduce.isEmpty { lines.append("       again: \(failure.reproduce)") }
            }
        }
        let count = failures.count
        lines.append(
            count == 0
                ? "\(plugin) conforms (\(results.count) cases)"
                : "\(plugin) does not conform: \(count) of \(results.count) cases failed")
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "plugin": .string(plugin), "conforms": .bool(failures.isEmpty),
            "results": .array(results.map(\.json)),
        ]
    }
}
