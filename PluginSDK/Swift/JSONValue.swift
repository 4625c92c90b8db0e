// JSON as configuration: what a directive produces and an instance is made from.

/// A JSON value (RFC 8259). Control plane only: it allocates.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
    /// What the host writes at this place of a directive's output; see `DirectiveCall`.
    case host(HostPart)

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        case .host: "a part of the host"
        }
    }

    /// The JSON text without white space, members sorted by name; parts of the host are null.
    public var serialized: String {
        var text = ""
        write(to: &text) { (_, text: inout String) in text += "null" }
        return text
    }

    /// Writes the JSON text; `host` is called with what was written before each part of the host.
    func write<Failure: Error>(
        to text: inout String, host: (HostPart, inout String) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                try value.write(to: &text, host: host)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text += "," }
                Self.write(member.key, to: &text)
                text += ":"
                try member.value.write(to: &text, host: host)
            }
            text += "}"
        case .host(let part): try host(part, &text)
        }
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    public init(_ values: [String]) { self = .array(values.map(JSONValue.string)) }

    /// An object of the members that are there: nil and empty ones are left out, as in Caddy.
    public static func members(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        var object: [String: JSONValue] = [:]
        for (name, value) in members {
            if let value, !value.isEmpty { object[name] = value }
        }
        return .object(object)
    }

    /// null, false, 0, and texts, arrays and objects with nothing in them.
    public var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .array(let value): value.isEmpty
        case .object(let value): value.isEmpty
        case .host: false
        }
    }
}

/// JSON that only the host can make, for a place in the output of a directive.
public enum HostPart: Hashable, Sendable {
    /// The matcher set that a token names.
    case matcher(token: UInt32)
    /// The array of routes for the directives in a range of tokens.
    case routes(tokens: Range<UInt32>)
    /// What another directive gives for these tokens.
    case directive([String])
}
