// Strict reading of one JSON object: a member that nobody asked for is an error that names it.
import Base

/// Takes members out of an object by name and type, and refuses what is left.
struct ConfigReader {
    /// Where the object stands, such as `logging.logs.default`.
    let path: String
    private let members: [String: JSONValue]
    private var known: Set<String> = []

    init(_ json: JSONValue, path: String) throws(LogError) {
        guard case .object(let members) = json else {
            throw LogError("\(path): expected an object")
        }
        self.path = path
        self.members = members
    }

    var names: [String] { members.keys.sorted() }

    mutating func value(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    mutating func string(_ name: String) throws(LogError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.stringValue else { throw wrong(name, "a string") }
        return text
    }

    mutating func bool(_ name: String) throws(LogError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let truth = value.boolValue else { throw wrong(name, "true or false") }
        return truth
    }

    /// A whole number from 0 to a billion.
    mutating func count(_ name: String) throws(LogError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.intValue, number >= 0, number <= 1_000_000_000 else {
            throw wrong(name, "a whole number that is not negative")
        }
        return Int(number)
    }

    mutating func strings(_ name: String) throws(LogError) -> [String] {
        guard let value = value(name) else { return [] }
        guard let texts = value.arrayValue?.map(\.stringValue), !texts.contains(nil) else {
            throw wrong(name, "an array of strings")
        }
        return texts.compactMap { $0 }
    }

    mutating func object(_ name: String) throws(LogError) -> ConfigReader? {
        guard let value = value(name) else { return nil }
        return try ConfigReader(value, path: "\(path).\(name)")
    }

    /// A word of a list, such as an enum's raw values.
    mutating func choice<Choice: RawRepresentable<String>>(
        _ name: String, _ what: String
    ) throws(LogError) -> Choice? {
        guard let word = try string(name), !word.isEmpty else { return nil }
        guard let choice = Choice(rawValue: word) else {
            throw LogError("\(path).\(name): unknown \(what) \"\(word)\"")
        }
        return choice
    }

    func wrong(_ name: String, _ expected: String) -> LogError {
        LogError("\(path).\(name): expected \(expected)")
    }

    /// Refuses members that were not asked for.
    func finish() throws(LogError) {
        let unknown = members.keys.filter { !known.contains($0) }.sorted()
        guard let first = unknown.first else { return }
        throw LogError("\(path): unknown field \"\(first)\"")
    }
}
