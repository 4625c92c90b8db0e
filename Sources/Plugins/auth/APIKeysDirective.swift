// The directive api_keys.
import PluginSDK

extension Directive {
    /// api_keys [<matcher>] {
    ///     key         <name> <key>|sha256:<hex>|{env.<variable>}
    ///     key_env     <name> <variable>
    ///     key_file    <name> <path>
    ///     keys_file   <path>
    ///     header      <field> [<scheme>]
    ///     basic
    ///     name_header <field>
    ///     upstream_key <key>|{env.<variable>} [<field>]
    ///     strip_key
    ///     realm       <text>
    /// }
    static let apiKeys = Directive(
        "api_keys", order: "rank:1850", options: [.matcher, .credential],
        summary: "asks for one of many named keys"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0)
        var reader = APIKeysReader()
        for line in call.line.lines {
            try line.expectNoBlock()
            try reader.read(line, in: call)
        }
        guard reader.hasKeys else {
            throw PluginError(
                "api_keys has no key", hint: "add a line with key, key_env, key_file or keys_file",
                at: call.line.name)
        }
        return reader.result
    }
}

/// Collects what the lines of one api_keys say.
private struct APIKeysReader {
    private static let options = [
        "key", "key_env", "key_file", "keys_file", "header", "basic", "name_header",
        "upstream_key", "strip_key", "realm",
    ]

    private var keys: [JSONValue] = []
    private var names: Set<String> = []
    private var owners: [DigestWords: String] = [:]
    private var files: [JSONValue] = []
    private var sources: [JSONValue] = []
    private var members: [String: JSONValue] = ["handler": "api_keys"]

    var hasKeys: Bool { !keys.isEmpty || !files.isEmpty }

    var result: JSONValue {
        var members = members
        if !keys.isEmpty { members["keys"] = .array(keys) }
        if !files.isEmpty { members["key_files"] = .array(files) }
        if !sources.isEmpty { members["sources"] = .array(sources) }
        return .object(members)
    }

    mutating func read(
        _ line: Line, in call: borrowing DirectiveCall
    ) throws(PluginError) {
        switch line.name.text {
        case "key": try readKey(line, in: call)
        case "key_env":
            try readNamed(line)
            try requireVariable(line.arguments[1].text, at: line.arguments[1], in: call)
            addKey(line, "env")
        case "key_file":
            try readNamed(line)
            addKey(line, "file")
        case "keys_file": try readFile(line)
        case "header": try readHeader(line)
        case "basic", "strip_key":
            try line.expectArguments(0)
            try set(line.name.text, true, line)
        case "name_header": try set("name_field", .string(try field(line.singleArgument())), line)
        case "upstream_key": try readUpstreamKey(line, in: call)
        case "realm":
            let realm = try line.singleArgument()
            guard realm.text.isFieldValue else {
                throw PluginError("realm has control characters", at: realm)
            }
            try set("realm", .string(realm.text), line)
        default:
            throw .unknown(
                "option", line.name.text, in: "api_keys", known: Self.options, at: line.name)
        }
    }

    /// Plain keys become hashes, so that the JSON does not hold them.
    private mutating func readKey(
        _ line: Line, in call: borrowing DirectiveCall
    ) throws(PluginError) {
        try readNamed(line)
        let (name, token) = (line.arguments[0].text, line.arguments[1])
        guard !token.text.hasPlaceholder else {
            if let variable = token.text.environmentPlaceholder {
                try requireVariable(variable, at: token, in: call)
            }
            return addKey(line, "value")
        }
        let key = try located(token) { () throws(PluginError) in
            try APIKey(token.text, of: name)
        }
        if key.isShort { call.warn(.shortKey(name, at: token)) }
        if let owner = owners.updateValue(name, forKey: DigestWords(key.digest)) {
            throw PluginError("keys \"\(owner)\" and \"\(name)\" are the same", at: token)
        }
        keys.append(["name": .string(name), "hash": .string(key.hash)])
    }

    /// Checks the two arguments of a line that begins with the name of a key.
    private mutating func readNamed(_ line: Line) throws(PluginError) {
        try line.expectArguments(2)
        let name = line.arguments[0]
        try located(name) { () throws(PluginError) in
            try APIKey.validate(name: name.credential("name"))
        }
        _ = try line.arguments[1].credential("key \"\(name.text)\"")
        guard names.insert(name.text).inserted else {
            throw PluginError("key \"\(name.text)\" is given twice", at: name)
        }
    }

    private mutating func addKey(_ line: Line, _ kind: String) {
        keys.append([
            "name": .string(line.arguments[0].text), kind: .string(line.arguments[1].text),
        ])
    }

    private mutating func readFile(_ line: Line) throws(PluginError) {
        let path = try line.singleArgument()
        let file: JSONValue = .string(try path.credential("keys_file"))
        guard !files.contains(file) else {
            throw PluginError("keys_file \(path.text) is given twice", at: path)
        }
        files.append(file)
    }

    private mutating func readHeader(_ line: Line) throws(PluginError) {
        try line.expectArguments(1...2)
        let field = try field(line.arguments[0])
        var source: [String: JSONValue] = ["field": .string(field)]
        if line.arguments.count == 2 {
            let scheme = line.arguments[1]
            guard scheme.text.isFieldName else {
                throw PluginError(
                    "scheme is \"\(scheme.text)\", expected one word such as Bearer", at: scheme)
            }
            source["scheme"] = .string(scheme.text)
        } else if field == "Authorization" {
            source["scheme"] = "Bearer"
        }
        guard !sources.contains(.object(source)) else {
            throw PluginError("header \(field) is given twice", at: line.arguments[0])
        }
        sources.append(.object(source))
    }

    private mutating func readUpstreamKey(
        _ line: Line, in call: borrowing DirectiveCall
    ) throws(PluginError) {
        try line.expectArguments(1...2)
        let token = line.arguments[0]
        var key: [String: JSONValue] = ["value": .string(try token.credential("upstream_key"))]
        guard token.text.isFieldValue else {
            throw PluginError("upstream_key has control characters", at: token)
        }
        if let variable = token.text.environmentPlaceholder {
            try requireVariable(variable, at: token, in: call)
        }
        if line.arguments.count == 2 { key["field"] = .string(try field(line.arguments[1])) }
        try set("upstream_key", .object(key), line)
    }

    private func field(_ token: Token) throws(PluginError) -> String {
        guard token.text.isFieldName else {
            throw PluginError("\"\(token.text)\" is no field name", at: token)
        }
        return token.text.canonicalFieldName
    }

    private mutating func set(
        _ name: String, _ value: JSONValue, _ line: Line
    ) throws(PluginError) {
        guard members.updateValue(value, forKey: name) == nil else {
            throw PluginError("\(line.name.text) is given twice", at: line.name)
        }
    }

    private func requireVariable(
        _ name: String, at token: Token, in call: borrowing DirectiveCall
    ) throws(PluginError) {
        guard let value = call.environment(name), !value.isEmpty else {
            throw PluginError(
                "environment variable \(name) is unset or empty, expected a key",
                hint: "set \(name) or remove this line", at: token)
        }
    }

    /// Says where a problem is that was found without looking at tokens.
    private func located<Result>(
        _ token: Token, _ body: () throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        do throws(PluginError) {
            return try body()
        } catch {
            throw PluginError(error.message, hint: error.hint, at: token)
        }
    }
}

extension String {
    fileprivate var hasPlaceholder: Bool { hasPrefix("{") && hasSuffix("}") }

    /// NAME of a text that is "{env.NAME}" as a whole.
    fileprivate var environmentPlaceholder: String? {
        guard hasPrefix("{env."), hasSuffix("}") else { return nil }
        return String(dropFirst(5).dropLast())
    }
}
