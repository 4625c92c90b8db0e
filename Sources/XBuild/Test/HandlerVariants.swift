// Configurations that are wrong in one place: what a plugin's `create` has to stand.
import Base

enum HandlerVariants {
    struct Variant {
        let name: String
        let json: JSONValue
        /// The plugin has to refuse it.
        var mustFail = false
    }

    private static let variantsMax = 60

    /// Every member of every handler object of the plugin: taken away, and of other types.
    static func make(_ json: JSONValue, handlers: Set<String>) -> [Variant] {
        var variants: [Variant] = []
        for path in paths(json, handlers, []) {
            guard let object = value(json, path[...])?.objectValue else { continue }
            let extra = object.merging(["gw_unknown": 1]) { $1 }
            variants.append(
                Variant(
                    name: "an unknown member is refused",
                    json: replacing(json, path[...], .object(extra)), mustFail: true))
            for member in object.keys.sorted() where member != "handler" {
                variants += self.variants(json, path, object, member)
            }
        }
        return Array(variants.prefix(variantsMax))
    }

    private static func variants(
        _ json: JSONValue, _ path: [Step], _ object: [String: JSONValue], _ member: String
    ) -> [Variant] {
        var without = object
        without[member] = nil
        let missing = Variant(
            name: "without \"\(member)\"", json: replacing(json, path[...], .object(without)))
        let others: [(String, JSONValue)] = [
            ("null", .null), ("a number", -1), ("an empty text", ""),
            ("an empty object", .object([:])),
            ("a nested array", [[["x"]]]),
        ]
        return [missing]
            + others.map { what, value in
                var changed = object
                changed[member] = value
                return Variant(
                    name: "\"\(member)\" is \(what)",
                    json: replacing(json, path[...], .object(changed)))
            }
    }

    enum Step: Equatable { case member(String), index(Int) }

    /// Where handler objects of these names are.
    static func paths(_ value: JSONValue, _ names: Set<String>, _ path: [Step]) -> [[Step]] {
        switch value {
        case .object(let members):
            var found: [[Step]] = []
            if let name = members["handler"]?.stringValue, names.contains(name) {
                found.append(path)
            }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                found += paths(member, names, path + [.member(name)])
            }
            return found
        case .array(let elements):
            return elements.enumerated().flatMap { paths($1, names, path + [.index($0)]) }
        case .null, .bool, .int, .double, .string: return []
        }
    }

    private static func value(_ json: JSONValue, _ path: ArraySlice<Step>) -> JSONValue? {
        switch path.first {
        case nil: json
        case .member(let name): json[name].flatMap { value($0, path.dropFirst()) }
        case .index(let index): json.arrayValue.flatMap { value($0[index], path.dropFirst()) }
        }
    }

    static func replacing(
        _ json: JSONValue, _ path: ArraySlice<Step>, _ new: JSONValue
    ) -> JSONValue {
        switch (path.first, json) {
        case (.member(let name), .object(var members)):
            members[name] = members[name].map { replacing($0, path.dropFirst(), new) }
            return .object(members)
        case (.index(let index), .array(var elements)):
            elements[index] = replacing(elements[index], path.dropFirst(), new)
            return .array(elements)
        case _: return new
        }
    }
}
