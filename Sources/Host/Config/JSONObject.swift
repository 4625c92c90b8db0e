// Small helpers that build JSON objects without empty members.
import Base

typealias JSONObject = [String: JSONValue]

extension JSONObject {
    mutating func set(_ key: String, _ text: String) {
        if !text.isEmpty { self[key] = .string(text) }
    }

    mutating func set(_ key: String, _ texts: [String]) {
        if !texts.isEmpty { self[key] = .strings(texts) }
    }

    mutating func set(_ key: String, _ number: Int64) {
        if number != 0 { self[key] = .int(number) }
    }

    mutating func set(_ key: String, _ values: [JSONValue]) {
        if !values.isEmpty { self[key] = .array(values) }
    }

    mutating func set(_ key: String, _ flag: Bool) {
        if flag { self[key] = true }
    }

    mutating func set(_ key: String, _ members: JSONObject) {
        if !members.isEmpty { self[key] = .object(members) }
    }

    /// Changes the object under a key, which is made when it is missing.
    mutating func edit(_ key: String, _ change: (inout JSONObject) -> Void) {
        var members = self[key]?.objectValue ?? [:]
        change(&members)
        self[key] = .object(members)
    }
}

extension JSONValue {
    static func strings(_ texts: some Sequence<String>) -> JSONValue {
        .array(texts.map { .string($0) })
    }

    var stringValues: [String] { (arrayValue ?? []).compactMap(\.stringValue) }

    /// An argument as a number or truth value where it reads like one.
    static func scalar(_ token: Token) -> JSONValue {
        if token.isQuoted { return .string(token.text) }
        if let number = Int64(token.text) { return .int(number) }
        if let number = Double(token.text), number.isFinite { return .double(number) }
        if let flag = Bool(token.text) { return .bool(flag) }
        return .string(token.text)
    }
}
