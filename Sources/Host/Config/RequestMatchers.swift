// Request matchers of a Caddyfile: named sets and inline tokens to the JSON of matcher sets.
import Base

/// Parses matcher definitions. Within a set all matchers must match.
struct RequestMatchers {
    /// Matchers that plugins own, by module id.
    let modules: (_ name: String, _ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue?

    /// The set that `@name …` or `@name { … }` defines.
    func named(_ definition: ConfigNode) throws(ConfigError) -> JSONValue {
        let name = String(definition.name.text.dropFirst())
        guard let first = definition.arguments.first else {
            return try set(of: definition.children, name: name)
        }
        if first.isQuoted {
            return ["expression": try expression([definition], offset: 0, name: name)]
        }
        return try set(of: [ConfigNode(definition.tokens.dropFirst())], name: name)
    }

    /// A set from the lines of a block; lines of the same matcher belong together.
    func set(of lines: [ConfigNode], name: String) throws(ConfigError) -> JSONValue {
        var order: [String] = []
        var nodes: [String: [ConfigNode]] = [:]
        for line in lines {
            let matcher = line.name.isQuoted ? "expression" : line.name.text
            if nodes[matcher] == nil { order.append(matcher) }
            nodes[matcher, default: []].append(line)
        }
        var members: JSONObject = [:]
        for matcher in order {
            members[matcher] = try value(of: matcher, nodes[matcher] ?? [], name: name)
        }
        return .object(members)
    }

    private static let known = [
        "client_ip", "expression", "file", "header", "header_regexp", "host", "method", "not",
        "path", "path_regexp", "protocol", "query", "remote_ip", "tls", "vars", "vars_regexp",
    ]

    private func value(
        of matcher: String, _ nodes: [ConfigNode], name: String
    ) throws(ConfigError) -> JSONValue {
        switch matcher {
        case "host", "path", "method": try words(nodes)
        case "path_regexp": try pathRegexp(nodes, name: name)
        case "header": try header(nodes)
        case "header_regexp": try fieldRegexps(nodes, name: name, isHeader: true)
        case "query": try query(nodes)
        case "protocol": try protocolName(nodes)
        case "remote_ip", "client_ip": try addresses(nodes)
        case "not": try negated(nodes)
        case "vars": try variables(nodes)
        case "vars_regexp": try fieldRegexps(nodes, name: name, isHeader: false)
        case "expression": try expression(nodes, offset: nodes[0].name.isQuoted ? 0 : 1, name: name)
        case "file": try file(nodes)
        case "tls": try tls(nodes)
        default: try plugin(matcher, nodes)
        }
    }

    private func plugin(_ matcher: String, _ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        if let value = try modules(matcher, nodes) { return value }
        throw ConfigError(
            "unknown matcher \"\(matcher)\"", at: nodes[0].name,
            hint: Suggestion.hint(for: matcher, among: Self.known))
    }
}

// MARK: - The matchers

extension RequestMatchers {
    private func words(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var all: [String] = []
        for node in nodes {
            try node.refuseBlock()
            all += try node.atLeastOneArgument("value")
        }
        return .strings(all)
    }

    private func pathRegexp(_ nodes: [ConfigNode], name: String) throws(ConfigError) -> JSONValue {
        if nodes.count > 1 {
            throw ConfigError("path_regexp can only be used once per matcher", at: nodes[1].name)
        }
        try nodes[0].refuseBlock()
        let texts = nodes[0].texts
        guard (1...2).contains(texts.count) else {
            throw nodes[0].wrongCount("[<name>] <pattern>")
        }
        return regexp(name: texts.count == 2 ? texts[0] : name, pattern: texts[texts.count - 1])
    }

    private func regexp(name: String, pattern: String) -> JSONValue {
        var members: JSONObject = [:]
        members.set("name", name)
        members.set("pattern", pattern)
        return .object(members)
    }

    /// `header <field> <value>` or `header !<field>`.
    private func header(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var fields: JSONObject = [:]
        for node in nodes {
            try node.refuseBlock()
            guard let field = node.arguments.first else {
                throw node.wrongCount("a field and a value")
            }
            try Credentials.check(node, name: field.text)
            if field.text.hasPrefix("!") {
                guard field.text != "!" else {
                    throw ConfigError("expected a field name after '!'", at: field)
                }
                if node.arguments.count > 1 {
                    throw node.wrongCount("no value after a negated field")
                }
                fields[String(field.text.dropFirst())] = .null
                continue
            }
            guard node.arguments.count == 2 else { throw node.wrongCount("a field and a value") }
            let name = HeaderName.canonical(field.text)
            let values = fields[name]?.arrayValue ?? []
            fields[name] = .array(values + [.string(node.texts[1])])
        }
        return .object(fields)
    }

    /// `[<name>] <field> <pattern>`.
    private func fieldRegexps(
        _ nodes: [ConfigNode], name: String, isHeader: Bool
    ) throws(ConfigError) -> JSONValue {
        var fields: JSONObject = [:]
        for node in nodes {
            try node.refuseBlock()
            let texts = node.texts
            guard (2...3).contains(texts.count) else {
                throw node.wrongCount("[<name>] <field> <pattern>")
            }
            let field = texts[texts.count - 2]
            try Credentials.check(node, name: field)
            if isHeader, fields[field] != nil {
                throw ConfigError(
                    "header_regexp can only be used once per matcher and field: \(field)",
                    at: node.name)
            }
            fields[field] = regexp(
                name: texts.count == 3 ? texts[0] : name, pattern: texts[texts.count - 1])
        }
        return .object(fields)
    }

    private func query(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var parameters: JSONObject = [:]
        for node in nodes {
            try node.refuseBlock()
            for argument in node.arguments where !argument.text.isEmpty {
                guard let equals = argument.text.firstIndex(of: "=") else {
                    throw ConfigError(
                        "malformed query matcher \"\(argument.text)\", expected param=value",
                        at: argument)
                }
                let key = String(argument.text[..<equals])
                try Credentials.check(node, name: key)
                let value = String(argument.text[argument.text.index(after: equals)...])
                parameters[key] = .array((parameters[key]?.arrayValue ?? []) + [.string(value)])
            }
        }
        return .object(parameters)
    }

    private func protocolName(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var value: JSONValue = ""
        for node in nodes { value = .string(try node.onlyArgument("protocol").text) }
        return value
    }

    private func addresses(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var ranges: [String] = []
        for node in nodes {
            try node.refuseBlock()
            for argument in node.arguments {
                if argument.text == "forwarded", node.name.text == "remote_ip" {
                    throw ConfigError(
                        "the 'forwarded' option is no longer supported", at: argument,
                        hint: "use the client_ip matcher instead")
                }
                ranges += AddressRanges.expand(argument.text)
            }
        }
        var members: JSONObject = [:]
        members.set("ranges", ranges)
        return .object(members)
    }

    private func negated(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var sets: [JSONValue] = []
        for node in nodes {
            guard let first = node.arguments.first else {
                sets.append(try set(of: node.children, name: ""))
                continue
            }
            if first.isQuoted {
                sets.append(["expression": try expression([node], offset: 1, name: "")])
            } else {
                sets.append(try set(of: [ConfigNode(node.tokens.dropFirst())], name: ""))
            }
        }
        return .array(sets)
    }

    private func variables(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var fields: JSONObject = [:]
        for node in nodes {
            try node.refuseBlock()
            guard node.arguments.count >= 2 else { throw node.wrongCount("a name and its values") }
            try Credentials.check(node, name: node.texts[0])
            let values = fields[node.texts[0]]?.stringValues ?? []
            fields[node.texts[0]] = .strings(values + node.texts.dropFirst())
        }
        return .object(fields)
    }

    /// One quoted expression, or words that are joined as they were written.
    private func expression(
        _ nodes: [ConfigNode], offset: Int, name: String
    ) throws(ConfigError) -> JSONValue {
        if nodes.count > 1 {
            throw ConfigError("expression can only be used once per matcher", at: nodes[1].name)
        }
        var words = nodes[0].tokens.dropFirst(offset)
        if nodes[0].name.text.hasPrefix("@"), offset == 0 { words = words.dropFirst() }
        try nodes[0].refuseBlock()
        guard let first = words.first else { throw nodes[0].wrongCount("an expression") }
        for word in words { try Credentials.check(nodes[0], name: word.text) }
        guard words.count == 1 else {
            return .string(words.map(Self.asWritten).joined(separator: " "))
        }
        if name.isEmpty { return .string(first.text) }
        return ["expr": .string(first.text), "name": .string(name)]
    }

    private static func asWritten(_ token: Token) -> String {
        switch token.quote {
        case .none, .heredoc: token.text
        case .doubleQuote: "\"\(token.text)\""
        case .backtick: "`\(token.text)`"
        }
    }

    private func file(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var members: JSONObject = [:]
        var candidates: [String] = []
        for node in nodes {
            candidates += node.texts
            for option in node.children {
                switch option.name.text {
                case "root": members["root"] = .string(try option.onlyArgument("path").text)
                case "try_files": candidates += try option.atLeastOneArgument("file")
                case "try_policy":
                    members["try_policy"] = .string(try option.onlyArgument("policy").text)
                case "split_path":
                    members["split_path"] = .strings(try option.atLeastOneArgument("suffix"))
                default:
                    throw option.unknown(
                        "option", in: "file",
                        known: ["root", "try_files", "try_policy", "split_path"])
                }
            }
        }
        members.set("try_files", candidates)
        return .object(members)
    }

    private func tls(_ nodes: [ConfigNode]) throws(ConfigError) -> JSONValue {
        guard let argument = nodes[0].arguments.first else { return [:] }
        guard argument.text == "early_data", nodes[0].arguments.count == 1 else {
            throw ConfigError(
                "unknown option \"\(argument.text)\" in tls matcher, expected early_data",
                at: argument)
        }
        return ["handshake_complete": false]
    }
}

/// Names of request fields.
package enum HeaderName {
    /// Capitals at the start and behind dashes, small letters elsewhere; names that hold anything
    /// but token characters (RFC 9110 §5.6.2) stay as they are.
    package static func canonical(_ name: String) -> String {
        let isToken = name.utf8.allSatisfy { byte in
            byte < 0x80 && byte > 0x20 && byte != 0x7F
                && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
        }
        guard isToken else { return name }
        var result = ""
        var startsWord = true
        for character in name {
            result += startsWord ? character.uppercased() : character.lowercased()
            startsWord = character == "-"
        }
        return result
    }
}

/// IP ranges with their shortcut.
package enum AddressRanges {
    /// `private_ranges` as the networks that it stands for (RFC 1918, RFC 4193, loopback).
    package static func expand(_ text: String) -> [String] {
        guard text == "private_ranges" else { return [text] }
        return [
            "192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1",
        ]
    }
}

enum Credentials {
    /// Refuses a line about a credential when a variable in it was unset or empty: a matcher on
    /// `Bearer ` with nothing behind it would open the gate.
    static func check(_ node: ConfigNode, name: String) throws(ConfigError) {
        guard CredentialNames.contains(name) else { return }
        for token in node.tokens { try DirectiveCall.requireCredential(token) }
    }
}
