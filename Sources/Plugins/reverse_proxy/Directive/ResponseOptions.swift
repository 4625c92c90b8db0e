// The options of reverse_proxy on what upstreams answer.
import PluginSDK

/// @<name> [status <code>…|header [!]<field> [<value>]] [{ … }]
/// replace_status [@<name>] <code>
/// handle_response [@<name>] { <directive>… }
struct ResponseOptions {
    static let names = ["replace_status", "handle_response"]

    private var matchers: [String: JSONValue] = [:]
    private var matching: [JSONValue] = []
    /// Those without a matcher come last, since the first one that matches runs.
    private var general: [JSONValue] = []

    /// nil when no line of the group was there.
    var json: JSONValue? {
        matching.isEmpty && general.isEmpty ? nil : .array(matching + general)
    }

    /// - Returns: Whether the line belongs to this group.
    mutating func read(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        switch line.name.text {
        case "replace_status":
            try line.expectArguments(1...2)
            try line.expectNoBlock()
            let matcher = line.arguments.count == 2 ? line.arguments[0] : nil
            let code = line.arguments[line.arguments.count - 1].text
            try add(["status_code": Int64(code).map(JSONValue.int) ?? .string(code)], matcher)
        case "handle_response":
            try line.expectArguments(0...1)
            guard line.block != nil else {
                throw PluginError("handle_response has no block", at: line.name)
            }
            let isEmpty = line.lines.isEmpty
            let routes: [String: JSONValue] =
                isEmpty ? [:] : ["routes": call.routes(inBlockOf: line)]
            try add(routes, line.arguments.first)
        case let name where name.hasPrefix("@"):
            guard matchers[name] == nil else {
                throw PluginError("the response matcher \(name) is given twice", at: line.name)
            }
            matchers[name] = try ResponseMatcher.parse(line)
        default: return false
        }
        return true
    }

    private mutating func add(
        _ handler: [String: JSONValue], _ matcher: Token?
    ) throws(PluginError) {
        guard let matcher else {
            general.append(.object(handler))
            return
        }
        guard matcher.text.hasPrefix("@") else {
            throw PluginError(
                "\"\(matcher.text)\" is no response matcher, expected one such as @name",
                at: matcher)
        }
        guard let match = matchers[matcher.text] else {
            throw PluginError(
                "the response matcher \(matcher.text) is not known here",
                hint: "define it before its use, in the block of reverse_proxy", at: matcher)
        }
        matching.append(.object(handler.merging(["match": match]) { _, last in last }))
    }
}
