// The directives copy_response and copy_response_headers, for the routes of handle_response.
import PluginSDK

extension Directive {
    /// copy_response [<matcher>] [<status>] {
    ///     status <status>
    /// }
    static let copyResponse = Directive(
        "copy_response", order: "rank:3100", summary: "sends the answer of the upstream"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0...1)
        var status = call.line.texts.first
        for line in call.line.lines {
            guard line.name.text == "status" else {
                throw .unknown(
                    "option", line.name.text, in: "copy_response", known: ["status"],
                    at: line.name)
            }
            status = try line.singleArgument().text
        }
        let code = status.map { Int64($0).map(JSONValue.int) ?? .string($0) }
        return .members(["handler": "copy_response", "status_code": code])
    }

    /// copy_response_headers [<matcher>] {
    ///     include <field>…
    ///     exclude <field>…
    /// }
    static let copyResponseHeaders = Directive(
        "copy_response_headers", order: "rank:1000",
        summary: "copies fields of the upstream's answer"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0)
        var lists: [String: [String]] = [:]
        for line in call.line.lines {
            guard ["include", "exclude"].contains(line.name.text) else {
                throw .unknown(
                    "option", line.name.text, in: "copy_response_headers",
                    known: ["include", "exclude"], at: line.name)
            }
            lists[line.name.text, default: []] += try line.someArguments("a field").map(\.text)
        }
        return .object(
            lists.mapValues { JSONValue($0) }.merging(
                ["handler": "copy_response_headers"]) { _, last in last })
    }
}
