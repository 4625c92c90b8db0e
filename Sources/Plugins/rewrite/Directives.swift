// The directives rewrite, uri, method, vars, root and request_body.
import PluginSDK

extension Directive {
    /// rewrite [<matcher>] <to>
    ///
    /// Takes its matcher itself: a lone argument is where to go, even when it looks like a matcher.
    static let rewrite = Directive(
        "rewrite", order: "rank:1500", options: .exclusive,
        summary: "changes path and query; the first matching one wins"
    ) { (call) throws(PluginError) in
        try withLoneArgument(call) { ["handler": "rewrite", "uri": .string($0)] }
    }

    /// method [<matcher>] <method>
    static let method = Directive(
        "method", order: "rank:1400", summary: "changes the method of the request"
    ) { (call) throws(PluginError) in
        ["handler": "rewrite", "method": .string(try call.line.singleArgument().text)]
    }

    /// uri [<matcher>] strip_prefix|strip_suffix <text>
    /// uri [<matcher>] replace <text> <replacement> [<limit>]
    /// uri [<matcher>] path_regexp <regexp> <replacement>
    /// uri [<matcher>] query <change> | { <change>… }
    static let uri = Directive(
        "uri", order: "rank:1600", summary: "changes parts of path and query"
    ) { (call) throws(PluginError) in
        guard let kind = call.line.arguments.first else {
            throw PluginError("uri does not say what to do", at: call.line.name)
        }
        let texts = call.line.texts
        if kind.text == "query" { return try query(call.line) }
        try call.line.expectNoBlock()
        switch kind.text {
        case "strip_prefix", "strip_suffix":
            try call.line.expectArguments(2)
            return .members([
                "handler": "rewrite",
                kind.text == "strip_prefix" ? "strip_path_prefix" : "strip_path_suffix":
                    .string(texts[1]),
            ])
        case "replace":
            try call.line.expectArguments(3...4)
            let limit = texts.count == 4 ? try call.line.arguments[3].integer("limit") : 0
            let entry: JSONValue = .members([
                "find": .string(texts[1]), "replace": .string(texts[2]), "limit": .int(limit),
            ])
            return ["handler": "rewrite", "uri_substring": [entry]]
        case "path_regexp":
            try call.line.expectArguments(3)
            let entry: JSONValue = .members([
                "find": .string(texts[1]), "replace": .string(texts[2]),
            ])
            return ["handler": "rewrite", "path_regexp": [entry]]
        default:
            throw .unknown(
                "change", kind.text, in: "uri",
                known: ["strip_prefix", "strip_suffix", "replace", "path_regexp", "query"],
                at: kind)
        }
    }

    /// vars [<matcher>] [<name> <value>] {
    ///     <name> <value>
    /// }
    static let vars = Directive(
        "vars", order: "rank:300", options: [.matcher, .lastWins],
        summary: "sets request variables"
    ) { (call) throws(PluginError) in
        var members: [String: JSONValue] = ["handler": "vars"]
        let arguments = call.line.arguments
        guard arguments.isEmpty || arguments.count == 2 else {
            throw PluginError("vars expects a name and a value", at: call.line.name)
        }
        if let name = arguments.first { members[name.text] = scalar(arguments[1]) }
        for line in call.line.lines {
            members[line.name.text] = scalar(try line.singleArgument())
        }
        return .object(members)
    }

    /// root [<matcher>] <path>
    ///
    /// Takes its matcher itself, as `rewrite` does.
    static let root = Directive(
        "root", order: "rank:500", options: .alternatives,
        summary: "sets the folder of the site, {http.vars.root}"
    ) { (call) throws(PluginError) in
        try withLoneArgument(call) { ["handler": "vars", "root": .string($0)] }
    }

    /// request_body [<matcher>] {
    ///     max_size <size>
    /// }
    static let requestBody = Directive(
        "request_body", order: "rank:1100", summary: "limits the size of request bodies"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0)
        var members: [String: JSONValue] = ["handler": "request_body"]
        for line in call.line.lines {
            guard line.name.text == "max_size" else {
                throw .unknown(
                    "option", line.name.text, in: "request_body", known: ["max_size"],
                    at: line.name)
            }
            members["max_size"] = .int(try line.singleArgument().byteCount("max_size"))
        }
        return .object(members)
    }

    /// A directive whose lone argument is its value, even when it looks like a matcher.
    private static func withLoneArgument(
        _ call: borrowing DirectiveCall, _ handler: (String) -> JSONValue
    ) throws(PluginError) -> JSONValue {
        try call.line.expectArguments(1...2)
        try call.line.expectNoBlock()
        let arguments = call.line.arguments
        let handler = handler(arguments[arguments.count - 1].text)
        guard arguments.count == 2, arguments[0].text != "*" else { return handler }
        guard arguments[0].text.hasPrefix("@") || arguments[0].text.hasPrefix("/") else {
            throw PluginError(
                "\"\(arguments[0].text)\" is no matcher, expected *, a path or @name",
                at: arguments[0])
        }
        return ["routes": [["match": [call.matcher(arguments[0])], "handle": [handler]]]]
    }

    private static func query(_ line: Line) throws(PluginError) -> JSONValue {
        var changes: [String: [JSONValue]] = [:]
        try line.expectArguments(1...4)
        if line.arguments.count > 1 {
            try line.expectNoBlock()
            let rest = Array(line.arguments.dropFirst())
            try addChange(rest[0], Array(rest.dropFirst()), to: &changes)
        }
        for change in line.lines {
            try change.expectNoBlock()
            try addChange(change.name, change.arguments, to: &changes)
        }
        return [
            "handler": "rewrite", "query": .object(changes.mapValues(JSONValue.array)),
        ]
    }

    /// -<key> | +<key> <value> | <key>><new> | <key> <regexp> <replacement> | <key> <value>
    private static func addChange(
        _ key: Token, _ arguments: [Token], to changes: inout [String: [JSONValue]]
    ) throws(PluginError) {
        func expect(_ count: Int) throws(PluginError) {
            guard arguments.count != count else { return }
            throw PluginError(
                "\(key.text) has \(arguments.count) values, expected \(count)", at: key)
        }
        let name = key.text
        if name.hasPrefix("-") {
            try expect(0)
            changes["delete", default: []].append(.string(String(name.drop { $0 == "-" })))
        } else if name.hasPrefix("+") {
            try expect(1)
            let pair = pair(String(name.drop { $0 == "+" }), arguments[0].text)
            changes["add", default: []].append(pair)
        } else if name.contains(">") {
            try expect(0)
            let names = name.split(separator: ">", omittingEmptySubsequences: false)
            changes["rename", default: []].append(pair(String(names[0]), String(names[1])))
        } else if arguments.count == 2 {
            let members: JSONValue = .members([
                "key": .string(name), "search_regexp": .string(arguments[0].text),
                "replace": .string(arguments[1].text),
            ])
            changes["replace", default: []].append(members)
        } else {
            try expect(1)
            changes["set", default: []].append(pair(name, arguments[0].text))
        }
    }

    private static func pair(_ key: String, _ value: String) -> JSONValue {
        .members(["key": .string(key), "val": .string(value)])
    }

    /// A value that is a number or a boolean unless it was quoted.
    private static func scalar(_ token: Token) -> JSONValue {
        if token.isQuoted { return .string(token.text) }
        if let value = Int64(token.text) { return .int(value) }
        if let value = Double(token.text) { return .double(value) }
        switch token.text {
        case "t", "T", "true", "TRUE", "True": return true
        case "f", "F", "false", "FALSE", "False": return false
        default: return .string(token.text)
        }
    }
}
