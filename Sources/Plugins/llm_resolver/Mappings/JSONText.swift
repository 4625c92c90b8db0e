// JSON for people: two spaces per level, members sorted by name.
import PluginSDK

enum JSONText {
    static func indented(_ value: JSONValue) -> String {
        var text = ""
        write(value, level: 0, to: &text)
        return text + "\n"
    }

    private static func write(_ value: JSONValue, level: Int, to text: inout String) {
        let inner = String(repeating: "  ", count: level + 1)
        let outer = String(repeating: "  ", count: level)
        switch value {
        case .array(let values) where !values.isEmpty:
            text += "["
            for (index, value) in values.enumerated() {
                text += (index > 0 ? ",\n" : "\n") + inner
                write(value, level: level + 1, to: &text)
            }
            text += "\n\(outer)]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                text += (index > 0 ? ",\n" : "\n") + inner
                text += JSONValue.string(member.key).serialized + ": "
                write(member.value, level: level + 1, to: &text)
            }
            text += "\n\(outer)}"
        case .null, .bool, .int, .double, .string, .array, .object, .host:
            text += value.serialized
        }
    }
}
