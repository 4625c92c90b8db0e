// Conditions on a response: its status and its fields.

/// Matches a response that has one of some statuses and all of some fields.
public struct ResponseMatcher: Sendable {
    fileprivate struct Field: Sendable {
        let id: FieldID
        /// nil: the field must be absent; empty: it must be there.
        let values: [Pattern]?
    }

    /// A value that may begin or end with `*`.
    fileprivate struct Pattern: Sendable {
        let text: [UInt8]
        let isOpenAtStart: Bool
        let isOpenAtEnd: Bool
    }

    /// Codes, or one digit for a class; empty matches all.
    private let statuses: [UInt16]
    private let fields: [Field]

    /// Reads `{"status_code": [200, 3], "headers": {"X": ["a*"], "Y": null}}`.
    public init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        statuses = try Self.statuses(configuration.value("status_code") ?? [])
        let names = try configuration.object("headers") { (fields) throws(PluginError) in
            fields.remaining()
        }
        var made: [Field] = []
        for (name, value) in names ?? [] {
            made.append(
                Field(id: try scope.fieldID(name), values: try Self.patterns(value, of: name)))
        }
        fields = made
    }

    public func matches(_ response: borrowing Response) -> Bool {
        matchesStatus(response.status) && fields.allSatisfy { Self.matches($0, response.fields) }
    }

    private func matchesStatus(_ status: UInt16) -> Bool {
        statuses.isEmpty || statuses.contains { $0 == status || $0 == status / 100 }
    }

    private static func matches(_ field: Field, _ fields: borrowing Fields) -> Bool {
        guard let patterns = field.values else { return !fields.contains(field.id) }
        var next = fields.index(of: field.id, from: 0)
        guard !patterns.isEmpty else { return next != nil }
        while let index = next {
            let value = fields.value(at: index)
            for pattern in patterns where pattern.matches(value) { return true }
            next = fields.index(of: field.id, from: index + 1)
        }
        return false
    }

    private static func statuses(_ value: JSONValue) throws(PluginError) -> [UInt16] {
        guard case .array(let values) = value else {
            throw PluginError("status_code is \(value.kind), expected an array of numbers")
        }
        var statuses: [UInt16] = []
        for value in values {
            guard case .int(let number) = value, (1...999).contains(number) else {
                throw PluginError("status_code holds \(value.serialized), expected a status")
            }
            statuses.append(UInt16(number))
        }
        return statuses
    }

    private static func patterns(
        _ value: JSONValue, of name: String
    ) throws(PluginError) -> [Pattern]? {
        switch value {
        case .null: return nil
        case .array(let values):
            var patterns: [Pattern] = []
            for value in values {
                guard case .string(let text) = value else {
                    throw PluginError("headers.\(name) holds \(value.kind), expected strings")
                }
                patterns.append(Pattern(text))
            }
            return patterns
        case .bool, .int, .double, .string, .object, .host:
            throw PluginError("headers.\(name) is \(value.kind), expected an array or null")
        }
    }
}

extension ResponseMatcher.Pattern {
    fileprivate init(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let star = UInt8(ascii: "*")
        isOpenAtStart = bytes.first == star
        if isOpenAtStart { bytes = bytes.dropFirst() }
        isOpenAtEnd = bytes.last == star || bytes.isEmpty && isOpenAtStart
        if bytes.last == star { bytes = bytes.dropLast() }
        self.text = Array(bytes)
    }

    fileprivate func matches(_ value: RawSpan) -> Bool {
        guard value.byteCount >= text.count else { return false }
        let slack = value.byteCount - text.count
        guard isOpenAtStart || isOpenAtEnd || slack == 0 else { return false }
        let first = isOpenAtStart && !isOpenAtEnd ? slack : 0
        let last = isOpenAtStart && isOpenAtEnd ? slack : first
        return value.withUnsafeBytes { value in
            (first...last).contains { start in
                value[start..<start + text.count].elementsEqual(text)
            }
        }
    }
}

extension ResponseMatcher {
    /// Reads the lines of a named response matcher, in a block or on one line:
    /// `header <field> <value>`, `header !<field>`, `status <code>…` (also `5xx`).
    ///
    /// - Returns: The JSON that `init(configuration:scope:)` reads.
    public static func parse(_ matcher: Line) throws(PluginError) -> JSONValue {
        var fields: [String: JSONValue] = [:]
        var statuses: [JSONValue] = []
        if let kind = matcher.arguments.first {
            let rest = Array(matcher.arguments.dropFirst())
            try parse(kind, rest, fields: &fields, statuses: &statuses)
        }
        for line in matcher.lines {
            try line.expectNoBlock()
            try parse(line.name, line.arguments, fields: &fields, statuses: &statuses)
        }
        return .members(["headers": .object(fields), "status_code": .array(statuses)])
    }

    private static func parse(
        _ kind: Token, _ arguments: [Token],
        fields: inout [String: JSONValue], statuses: inout [JSONValue]
    ) throws(PluginError) {
        switch kind.text {
        case "status":
            guard !arguments.isEmpty else {
                throw PluginError("status has no code, expected one such as 404 or 5xx", at: kind)
            }
            for argument in arguments { statuses.append(try status(argument)) }
        case "header":
            try parseField(kind, arguments, into: &fields)
        default:
            throw .unknown(
                "response matcher", kind.text, in: "match", known: ["status", "header"], at: kind)
        }
    }

    private static func status(_ token: Token) throws(PluginError) -> JSONValue {
        let isClass = token.text.utf8.count == 3 && token.text.hasSuffix("xx")
        guard let status = Int64(isClass ? String(token.text.prefix(1)) : token.text) else {
            throw PluginError(
                "\"\(token.text)\" is no status, expected one such as 404 or 5xx", at: token)
        }
        return .int(status)
    }

    private static func parseField(
        _ kind: Token, _ arguments: [Token], into fields: inout [String: JSONValue]
    ) throws(PluginError) {
        guard let name = arguments.first, name.text != "!" else {
            throw PluginError("header has no field name", at: kind)
        }
        if name.text.hasPrefix("!") {
            guard arguments.count == 1 else {
                throw PluginError("an absent field has no value", at: arguments[1])
            }
            fields[String(name.text.dropFirst())] = .null
            return
        }
        guard arguments.count == 2 else {
            throw PluginError("header \(name.text) expects one value", at: name)
        }
        let canonical = FieldName.canonical(name.text)
        var values: [JSONValue] = []
        if case .array(let earlier)? = fields[canonical] { values = earlier }
        fields[canonical] = .array(values + [.string(arguments[1].text)])
    }
}

/// Field names as the configuration writes them.
public enum FieldName {
    /// `content-type` as `Content-Type`; a name with bytes that no name has stays as it is.
    public static func canonical(_ name: String) -> String {
        let separators = "\"(),/:;<=>?@[\\]{}"
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !name.utf8.contains(where: { separators.utf8.contains($0) })
        else { return name }
        var isStart = true
        return String(
            name.map { character in
                defer { isStart = character == "-" }
                return isStart
                    ? Character(character.uppercased()) : Character(character.lowercased())
            })
    }
}
