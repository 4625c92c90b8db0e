// The configuration of an instance, read strictly: what nobody asked for is an error.
import CGateway

/// A reader over one JSON object. Every member is taken at most once; `finish` refuses the rest.
public struct Configuration: ~Copyable {
    /// Where the object is, such as "response.replace"; for messages.
    public let path: String
    private var members: [String: JSONValue]
    private var known: [String] = []

    public init(_ value: JSONValue, path: String) throws(PluginError) {
        guard case .object(let members) = value else {
            let what = path.isEmpty ? "the configuration" : path
            throw PluginError("\(what) is \(value.kind), expected an object")
        }
        self.path = path
        self.members = members
    }

    /// The member as it is, nil when absent or null.
    public mutating func value(_ name: String) -> JSONValue? {
        known.append(name)
        guard let value = members.removeValue(forKey: name), value != .null else { return nil }
        return value
    }

    public mutating func string(_ name: String) throws(PluginError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let string) = value else {
            throw mismatch(name, value, "a string")
        }
        return string
    }

    /// A text that may be written as a number too, such as a status with placeholders.
    public mutating func weakString(_ name: String) throws(PluginError) -> String? {
        guard let value = value(name) else { return nil }
        switch value {
        case .string(let string): return string
        case .int(let number): return String(number)
        case .null, .bool, .double, .array, .object, .host:
            throw mismatch(name, value, "a string or a whole number")
        }
    }

    public mutating func bool(_ name: String) throws(PluginError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let bool) = value else { throw mismatch(name, value, "true or false") }
        return bool
    }

    public mutating func int(_ name: String) throws(PluginError) -> Int64? {
        guard let value = value(name) else { return nil }
        guard case .int(let int) = value else { throw mismatch(name, value, "a whole number") }
        return int
    }

    /// Nanoseconds: a whole number of them, or a text such as "1m30s".
    public mutating func duration(_ name: String) throws(PluginError) -> Int64? {
        guard let value = value(name) else { return nil }
        switch value {
        case .int(let nanoseconds): return nanoseconds
        case .string(let text):
            guard let nanoseconds = Duration.nanoseconds(text) else {
                throw PluginError("\(member(name)) is \"\(text)\", expected a duration such as 10s")
            }
            return nanoseconds
        case .null, .bool, .double, .array, .object, .host:
            throw mismatch(name, value, "a duration")
        }
    }

    public mutating func strings(_ name: String) throws(PluginError) -> [String]? {
        guard let value = value(name) else { return nil }
        return try Self.strings(value, at: member(name))
    }

    /// An object of arrays of strings, such as header fields; sorted by name.
    public mutating func stringLists(
        _ name: String
    ) throws(PluginError) -> [(name: String, values: [String])] {
        guard let value = value(name) else { return [] }
        guard case .object(let lists) = value else { throw mismatch(name, value, "an object") }
        var result: [(name: String, values: [String])] = []
        for (key, list) in lists.sorted(by: { $0.key < $1.key }) {
            let values = list == .null ? [] : try Self.strings(list, at: "\(member(name)).\(key)")
            result.append((key, values))
        }
        return result
    }

    /// Reads a nested object, whose unknown members are refused as well.
    public mutating func object<Result>(
        _ name: String, _ read: (inout Configuration) throws(PluginError) -> Result
    ) throws(PluginError) -> Result? {
        guard let value = value(name) else { return nil }
        return try Self.read(value, path: member(name), read)
    }

    /// Reads an array of objects.
    public mutating func objects<Result>(
        _ name: String, _ read: (inout Configuration) throws(PluginError) -> Result
    ) throws(PluginError) -> [Result] {
        guard let value = value(name) else { return [] }
        return try Self.objects(value, path: member(name), read)
    }

    /// Reads an object of arrays of objects; sorted by name.
    public mutating func objectLists<Result>(
        _ name: String, _ read: (inout Configuration) throws(PluginError) -> Result
    ) throws(PluginError) -> [(name: String, values: [Result])] {
        guard let value = value(name) else { return [] }
        guard case .object(let lists) = value else { throw mismatch(name, value, "an object") }
        var result: [(name: String, values: [Result])] = []
        for (key, list) in lists.sorted(by: { $0.key < $1.key }) {
            let path = "\(member(name)).\(key)"
            result.append((key, try Self.objects(list, path: path, read)))
        }
        return result
    }

    /// Every member that is left, sorted by name; for objects with names of the operator's own.
    public mutating func remaining() -> [(name: String, value: JSONValue)] {
        defer { members = [:] }
        return members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    /// Accepts a member without reading it.
    public mutating func ignore(_ name: String) {
        members.removeValue(forKey: name)
    }

    /// Refuses members that were not read.
    public func finish() throws(PluginError) {
        guard let name = members.keys.min() else { return }
        let place = path.isEmpty ? "the configuration" : path
        throw .unknown("member", name, in: place, known: known)
    }

    private static func read<Result>(
        _ value: JSONValue, path: String,
        _ read: (inout Configuration) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        var inner = try Configuration(value, path: path)
        let result = try read(&inner)
        try inner.finish()
        return result
    }

    private static func objects<Result>(
        _ value: JSONValue, path: String,
        _ body: (inout Configuration) throws(PluginError) -> Result
    ) throws(PluginError) -> [Result] {
        guard case .array(let values) = value else {
            throw PluginError("\(path) is \(value.kind), expected an array")
        }
        var results: [Result] = []
        for (index, value) in values.enumerated() {
            results.append(try read(value, path: "\(path)[\(index)]", body))
        }
        return results
    }

    private static func strings(
        _ value: JSONValue, at path: String
    ) throws(PluginError) -> [String] {
        guard case .array(let values) = value else {
            throw PluginError("\(path) is \(value.kind), expected an array of strings")
        }
        var strings: [String] = []
        for (index, value) in values.enumerated() {
            guard case .string(let string) = value else {
                throw PluginError("\(path)[\(index)] is \(value.kind), expected a string")
            }
            strings.append(string)
        }
        return strings
    }

    private func member(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func mismatch(_ name: String, _ value: JSONValue, _ expected: String) -> PluginError {
        PluginError("\(member(name)) is \(value.kind), expected \(expected)")
    }
}

extension Duration {
    /// Nanoseconds of a text such as "1m30s" or "1d"; nil when it is none.
    public static func nanoseconds(_ text: String) -> Int64? {
        var nanoseconds: Int64 = 0
        let code = text.withBytes { Host.adapt.pointee.duration($0.view, &nanoseconds) }
        return code == GW_OK ? nanoseconds : nil
    }
}
