// The content of the cache file: names and their mappings.
import PluginSDK

struct MappingList: Equatable, Sendable {
    /// By host, or host:service.
    var mappings: [String: Mapping] = [:]
    /// Members that this program cannot read, kept as they are.
    var others: [String: JSONValue] = [:]

    init() {}

    /// - Parameter problems: One for each member that is kept but not used.
    /// - Throws: When the whole is no JSON object.
    init(parsing bytes: [UInt8], problems: inout [String]) throws(PluginError) {
        let value = try JSONValue(parsing: bytes)
        guard case .object(let members) = value else {
            throw PluginError("it is \(value.kind), expected an object")
        }
        for (key, value) in members {
            do throws(PluginError) {
                mappings[key] = try Mapping(value)
            } catch {
                others[key] = value
                problems.append("\(key): \(error.message)")
            }
        }
    }

    var json: JSONValue {
        .object(others.merging(mappings.mapValues(\.json)) { _, mapping in mapping })
    }

    var bytes: [UInt8] { Array(JSONText.indented(json).utf8) }

    /// Puts changes that were made here on top of what somebody else wrote meanwhile.
    mutating func apply(_ changes: [String: Mapping?]) {
        for (key, mapping) in changes {
            mappings[key] = mapping
            others[key] = nil
        }
    }
}
