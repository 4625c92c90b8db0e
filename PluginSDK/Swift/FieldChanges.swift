// Changes of fields as a Caddyfile writes them, and the JSON that they become.

/// Changes of fields, by the prefix of a name: `+` adds, `-` deletes, nothing or `>` sets; with a
/// second argument the first is a regular expression to replace by it.
public struct FieldChanges: Sendable {
    private var added: [String: [String]] = [:]
    private var set: [String: [String]] = [:]
    private var deleted: [String] = []
    private var replaced: [String: [JSONValue]] = [:]

    public init() {}

    public mutating func add(_ field: String, _ values: [String]) {
        let value = values.first ?? ""
        if field.hasPrefix("+") {
            added[FieldName.canonical(String(field.dropFirst())), default: []].append(value)
        } else if field.hasPrefix("-") {
            deleted.append(String(field.dropFirst()))
        } else if values.count > 1 {
            let name = String(field.drop { "+-?>".contains($0) })
            let members: JSONValue = .members([
                "search_regexp": .string(value), "replace": .string(values[1]),
            ])
            replaced[name, default: []].append(members)
        } else {
            let name = field.hasPrefix(">") ? String(field.dropFirst()) : field
            set[FieldName.canonical(name)] = [value]
        }
    }

    /// What `FieldOperations` reads.
    public var members: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if !added.isEmpty { members["add"] = .object(added.mapValues { JSONValue($0) }) }
        if !set.isEmpty { members["set"] = .object(set.mapValues { JSONValue($0) }) }
        if !deleted.isEmpty { members["delete"] = JSONValue(deleted) }
        if !replaced.isEmpty { members["replace"] = .object(replaced.mapValues(JSONValue.array)) }
        return members
    }
}
