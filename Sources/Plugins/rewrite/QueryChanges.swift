// Changes of a query: rename, set, add, replace and delete, on decoded keys and values.
import PluginSDK

struct QueryChanges: Sendable {
    private struct Pair: Sendable {
        let key: Template
        let value: Template
    }

    fileprivate struct Replacement: Sendable {
        let key: Template
        let search: Template
        let regex: Regex?
        let replacement: Template
    }

    private let renames: [Pair]
    private let sets: [Pair]
    private let additions: [Pair]
    private let replacements: [Replacement]
    private let deletions: [Template]

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        renames = try Self.pairs("rename", &configuration, scope)
        sets = try Self.pairs("set", &configuration, scope)
        additions = try Self.pairs("add", &configuration, scope)
        replacements = try configuration.objects("replace") {
            (entry) throws(PluginError) -> Replacement in
            let pattern = try entry.string("search_regexp") ?? ""
            return Replacement(
                key: try scope.template(try entry.string("key") ?? ""),
                search: try scope.template(try entry.string("search") ?? "", .keepUnknown),
                regex: pattern.isEmpty ? nil : try scope.regex(pattern),
                replacement: try scope.template(try entry.string("replace") ?? "", .keepUnknown))
        }
        var deletions: [Template] = []
        for name in try configuration.strings("delete") ?? [] {
            deletions.append(try scope.template(name))
        }
        self.deletions = deletions
    }

    /// The query with its keys sorted, as every change leaves it.
    func apply(to query: Bytes, in exchange: Exchange) throws(Status) -> Bytes {
        var table = try QueryTable(query, room: sets.count + additions.count, in: exchange)
        for pair in renames {
            let (old, new) = (try exchange.evaluate(pair.key), try exchange.evaluate(pair.value))
            guard !old.isEmpty, !new.isEmpty, !(old == new), table.contains(old) else { continue }
            table.remove(new)
            table.rename(old, to: new)
        }
        for pair in sets {
            let key = try exchange.evaluate(pair.key)
            guard !key.isEmpty else { continue }
            table.remove(key)
            table.add(key, try exchange.evaluate(pair.value))
        }
        for pair in additions {
            let key = try exchange.evaluate(pair.key)
            guard !key.isEmpty else { continue }
            table.add(key, try exchange.evaluate(pair.value))
        }
        for replacement in replacements { try replacement.apply(to: &table, in: exchange) }
        for name in deletions { table.remove(try exchange.evaluate(name)) }
        return try table.encoded()
    }

    private static func pairs(
        _ name: String, _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> [Pair] {
        try configuration.objects(name) { (entry) throws(PluginError) -> Pair in
            Pair(
                key: try scope.template(try entry.string("key") ?? ""),
                value: try scope.template(try entry.string("val") ?? ""))
        }
    }
}

extension QueryChanges.Replacement {
    fileprivate func apply(to table: inout QueryTable, in exchange: Exchange) throws(Status) {
        let key = try exchange.evaluate(self.key)
        let search = try exchange.evaluate(self.search)
        let replacement = try exchange.evaluate(self.replacement)
        try table.changeValues(of: key == "*" ? nil : key) { (value) throws(Status) in
            if let regex {
                return regex.replacing(in: value.span, with: replacement, for: exchange) ?? value
            }
            guard !search.isEmpty else { return value }
            return try exchange.replacing(search, with: replacement, limit: 0, in: value)
        }
    }
}
