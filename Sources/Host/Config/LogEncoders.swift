// Log formats: json, console, filter and append, and the filters of single fields.
import Base

extension AdaptContext {
    func logEncoder(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        let name = node.name.text
        var members: JSONObject
        switch name {
        case "json", "console": members = try plainEncoder(node)
        case "filter": members = try filterEncoder(node)
        case "append": members = try appendEncoder(node)
        default: return try module("caddy.logging.encoders", inlineKey: "format", node)
        }
        members["format"] = .string(name)
        return .object(members)
    }

    private func plainEncoder(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        let texts = [
            "caller_key", "duration_format", "level_format", "level_key", "line_ending",
            "message_key", "name_key", "stacktrace_key", "time_format", "time_key",
        ]
        try node.refuseArguments()
        var members: JSONObject = [:]
        for option in node.children {
            let name = option.name.text
            if name == "time_local" {
                try option.refuseArguments()
                members["time_local"] = true
            } else if texts.contains(name) {
                members[name] = .string(try option.onlyArgument("value").text)
            } else {
                throw option.unknown("option", in: node.name.text, known: texts + ["time_local"])
            }
        }
        return members
    }

    /// `append { wrap <encoder>; fields { <name> <value> } }`.
    private func appendEncoder(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        var members: JSONObject = [:]
        var fields: JSONObject = [:]
        for option in node.children {
            if option.name.text == "wrap" {
                members["wrap"] = try logEncoder(option.module("log format"))
                continue
            }
            for field in option.name.text == "fields" ? option.children : [option] {
                fields[field.name.text] = .scalar(try field.onlyArgument("value"))
            }
        }
        members.set("fields", fields)
        return members
    }

    // MARK: Filters

    /// `filter { wrap <encoder>; fields { <field> <filter> … } }`, fields also without `fields`.
    private func filterEncoder(_ node: ConfigNode) throws(ConfigError) -> JSONObject {
        var members: JSONObject = [:]
        var fields: JSONObject = [:]
        var patterns: [String: [JSONValue]] = [:]
        for option in node.children {
            if option.name.text == "wrap" {
                members["wrap"] = try logEncoder(option.module("log format"))
                continue
            }
            for field in option.name.text == "fields" ? option.children : [option] {
                try addFilter(field, &fields, &patterns)
            }
        }
        for (field, list) in patterns {
            fields[field] =
                list.count == 1
                ? named("regexp", list[0])
                : ["filter": "multi_regexp", "operations": .array(list)]
        }
        members.set("fields", fields)
        return members
    }

    private func addFilter(
        _ field: ConfigNode, _ fields: inout JSONObject, _ patterns: inout [String: [JSONValue]]
    ) throws(ConfigError) {
        let name = field.name.text
        let filter = try field.module("log filter")
        let value = try logFilter(filter)
        if filter.name.text == "regexp" {
            patterns[name, default: []].append(value)
        } else if fields[name] != nil || patterns[name] != nil {
            throw ConfigError("field \(name) already has a filter", at: field.name)
        } else {
            fields[name] = named(filter.name.text, value)
        }
    }

    private func named(_ filter: String, _ value: JSONValue) -> JSONValue {
        var members = value.objectValue ?? [:]
        members["filter"] = .string(filter)
        return .object(members)
    }

    private func logFilter(_ node: ConfigNode) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        let texts = node.texts
        switch node.name.text {
        case "delete", "hash": break
        case "replace": members.set("value", texts.first ?? "")
        case "rename": members.set("name", texts.first ?? "")
        case "regexp":
            members.set("regexp", texts.first ?? "")
            members.set("value", texts.dropFirst().first ?? "")
        case "multi_regexp": members["operations"] = .array(try regexpOperations(node))
        case "ip_mask": try ipMask(node, &members)
        case "query": members["actions"] = .array(try actions(node, key: "parameter"))
        case "cookie", "set_cookie": members["actions"] = .array(try actions(node, key: "name"))
        default:
            return try module("caddy.logging.encoders.filter", inlineKey: "filter", node)
        }
        return .object(members)
    }

    private func ipMask(_ node: ConfigNode, _ members: inout JSONObject) throws(ConfigError) {
        let arguments = Array(node.arguments)
        if arguments.count > 2 { throw node.wrongCount("at most two masks") }
        if arguments.count > 0 { members.set("ipv4_cidr", try ConfigNode.integer(arguments[0])) }
        if arguments.count > 1 { members.set("ipv6_cidr", try ConfigNode.integer(arguments[1])) }
        for option in node.children {
            switch option.name.text {
            case "ipv4", "ipv6": members.set("\(option.name.text)_cidr", try option.integer())
            default: throw option.unknown("option", in: "ip_mask", known: ["ipv4", "ipv6"])
            }
        }
    }

    private func actions(_ node: ConfigNode, key: String) throws(ConfigError) -> [JSONValue] {
        var actions: [JSONValue] = []
        for option in node.children {
            let type = option.name.text
            guard ["replace", "hash", "delete"].contains(type) else {
                throw option.unknown(
                    "action", in: node.name.text, known: ["replace", "hash", "delete"])
            }
            let expected = type == "replace" ? 2 : 1
            guard option.arguments.count == expected else {
                throw option.wrongCount(expected == 2 ? "a name and a value" : "one name")
            }
            var action: JSONObject = ["type": .string(type), key: .string(option.texts[0])]
            if expected == 2 { action.set("value", option.texts[1]) }
            actions.append(.object(action))
        }
        return actions
    }

    private func regexpOperations(_ node: ConfigNode) throws(ConfigError) -> [JSONValue] {
        var operations: [JSONValue] = []
        for option in node.children {
            guard option.name.text == "regexp" else {
                throw option.unknown("option", in: "multi_regexp", known: ["regexp"])
            }
            guard option.arguments.count == 2 else {
                throw option.wrongCount("a pattern and a replacement")
            }
            var operation: JSONObject = [:]
            operation.set("regexp", option.texts[0])
            operation.set("value", option.texts[1])
            operations.append(.object(operation))
        }
        if operations.isEmpty { throw node.wrongCount("a block of regexp lines") }
        return operations
    }
}
