// The directives header and request_header.
import PluginSDK

extension Directive {
    /// header [<matcher>] [[+|-|?|>]<field> [<value>|<regexp> [<replacement>]]] {
    ///     [+|-|?|>]<field> [<value>|<regexp> [<replacement>]]
    ///     defer
    ///     match [status <code>… | header [!]<field> [<value>]] { … }
    /// }
    static let header = Directive(
        "header", order: "rank:900", summary: "changes fields of the response"
    ) { (call) throws(PluginError) in
        var plain = ResponseChanges()
        var defaults = ResponseChanges()
        if let field = call.line.arguments.first {
            try call.line.expectArguments(1...3)
            try plain.add(field, Array(call.line.arguments.dropFirst()))
        }
        for line in call.line.lines {
            switch line.name.text {
            case "defer":
                try line.expectArguments(0)
                plain.isDeferred = true
            case "match":
                plain.condition = try ResponseMatcher.parse(line)
            default:
                guard call.line.arguments.isEmpty else {
                    throw PluginError(
                        "fields are given both on the line and in a block", at: line.name)
                }
                try line.expectArguments(0...2)
                try line.expectNoBlock()
                if line.name.text.hasPrefix("?") {
                    try defaults.add(line.name, line.arguments)
                } else {
                    try plain.add(line.name, line.arguments)
                }
            }
        }
        let handlers = [plain, defaults].filter { !$0.isEmpty }.map(\.handler)
        return handlers.count == 1 ? handlers[0] : .array(handlers)
    }

    /// request_header [<matcher>] [+|-]<field> [<value>|<regexp> [<replacement>]]
    static let requestHeader = Directive(
        "request_header", order: "rank:2000", summary: "changes fields of the request"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(1...3)
        try call.line.expectNoBlock()
        var changes = FieldChanges()
        let field = call.line.arguments[0]
        guard !field.text.hasPrefix("?") else {
            throw PluginError(
                "? is for fields of the response only",
                hint: "use a matcher to change the request under a condition", at: field)
        }
        let name = field.text.hasSuffix(":") ? String(field.text.dropLast()) : field.text
        let values = call.line.arguments.dropFirst()
        for value in values { try value.requireCredential(of: name) }
        changes.add(name, values.map(\.text))
        return ["handler": "headers", "request": .object(changes.members)]
    }
}

/// Changes of the fields of a response, with their conditions.
private struct ResponseChanges {
    private var changes = FieldChanges()
    private var absentFields: [String: JSONValue] = [:]
    var isDeferred = false
    var condition: JSONValue?

    var isEmpty: Bool {
        changes.members.isEmpty && absentFields.isEmpty && !isDeferred && condition == nil
    }

    mutating func add(_ field: Token, _ arguments: [Token]) throws(PluginError) {
        var name = field.text
        if name.hasSuffix(":") { name.removeLast() }
        guard !name.drop(while: { "+-?>".contains($0) }).isEmpty else {
            throw PluginError("\"\(field.text)\" names no field", at: field)
        }
        let values = arguments.map(\.text)
        if name.hasPrefix("?") {
            name.removeFirst()
            absentFields[name] = .null
            changes.add(name, Array(values.prefix(1)))
            return
        }
        if name.hasPrefix("-") || name.hasPrefix(">") { isDeferred = true }
        changes.add(name, values)
    }

    var handler: JSONValue {
        var response = changes.members
        if isDeferred { response["deferred"] = true }
        var require: [String: JSONValue] = [:]
        if case .object(let members)? = condition { require = members }
        if !absentFields.isEmpty { require["headers"] = .object(absentFields) }
        if condition != nil || !require.isEmpty { response["require"] = .object(require) }
        return ["handler": "headers", "response": .object(response)]
    }
}
