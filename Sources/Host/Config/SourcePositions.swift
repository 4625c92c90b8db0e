// Where in the Caddyfile the parts of the adapted JSON come from, for errors that show later.
import Base

/// A line of configuration: one directive, or one named matcher.
struct SourcePassage: Sendable {
    var location: SourceLocation
    /// The words with their places, those of the block too.
    var words: [(text: String, location: SourceLocation)]
    var importChain: [ImportFrame]

    init(_ node: ConfigNode) {
        location = node.name.location
        words = node.tokens.dropFirst().map { ($0.text, $0.location) }
        importChain = node.name.origin?.frames ?? []
    }

    /// The place of the longest word that a message quotes, or of a file that it names; else of
    /// the passage itself.
    func place(of message: String) -> SourceLocation {
        let named = words.filter { word in
            message.contains(text: "\"\(word.text)\"")
                || word.text.hasPrefix("/") && message.contains(text: word.text)
        }
        return named.max { $0.text.utf8.count < $1.text.utf8.count }?.location ?? location
    }
}

/// Remembers passages while JSON is made and moved about: objects carry a member that no
/// configuration can have, and lose it at the end, when their place in the whole is known.
final class SourceMarks {
    private static let member = "\u{0}passage"
    private var passages: [SourcePassage] = []

    /// Marks the handlers of a directive that are not marked yet, and those in its routes.
    func mark(_ json: JSONValue, from node: ConfigNode) -> JSONValue {
        passages.append(SourcePassage(node))
        return marked(json, passages.count - 1, isHandler: true)
    }

    /// Marks a matcher set.
    func mark(matcherSet: JSONValue, from node: ConfigNode) -> JSONValue {
        passages.append(SourcePassage(node))
        return marked(matcherSet, passages.count - 1, isHandler: false)
    }

    private func marked(_ json: JSONValue, _ passage: Int, isHandler: Bool) -> JSONValue {
        if let list = json.arrayValue {
            return .array(list.map { marked($0, passage, isHandler: isHandler) })
        }
        guard var members = json.objectValue, members[Self.member] == nil else { return json }
        if isHandler {
            for name in ["routes", "handle"] {
                members[name] = members[name].map { marked($0, passage, isHandler: true) }
            }
        }
        if !isHandler || members["handler"] != nil { members[Self.member] = .int(Int64(passage)) }
        return .object(members)
    }

    static func withoutMark(_ json: JSONValue) -> JSONValue {
        guard var members = json.objectValue, members.removeValue(forKey: member) != nil else {
            return json
        }
        return .object(members)
    }

    /// Takes the marks out of the finished configuration.
    ///
    /// - Parameter line: The text of a line of a file, for messages.
    func take(
        from json: inout JSONValue, line: (SourceLocation) -> String?
    ) -> SourcePositions {
        var places: [String: SourcePassage] = [:]
        json = taken(json, at: "", into: &places)
        var lines: [SourceLocation: String] = [:]
        for passage in places.values {
            for place in [passage.location] + passage.words.map(\.location) {
                lines[place] = line(place)
            }
        }
        return SourcePositions(places: places, lines: lines)
    }

    private func taken(
        _ json: JSONValue, at path: String, into places: inout [String: SourcePassage]
    ) -> JSONValue {
        if let list = json.arrayValue {
            return .array(
                list.enumerated().map { taken($1, at: "\(path)[\($0)]", into: &places) })
        }
        guard var members = json.objectValue else { return json }
        if let number = members.removeValue(forKey: Self.member)?.intValue {
            places[path] = passages[Int(number)]
        }
        for (name, value) in members {
            members[name] = taken(
                value, at: path.isEmpty ? name : "\(path).\(name)", into: &places)
        }
        return .object(members)
    }
}

/// The passages behind the JSON of one configuration; empty when that was JSON from the start.
package struct SourcePositions: Sendable {
    private var places: [String: SourcePassage] = [:]
    private var lines: [SourceLocation: String] = [:]

    package init() {}

    init(places: [String: SourcePassage], lines: [SourceLocation: String]) {
        self.places = places
        self.lines = lines
    }

    /// An error about a place in the JSON as one about the Caddyfile; nil when nothing is known of
    /// the place or of what it is in.
    ///
    /// - Parameter path: Such as `apps.http.servers.srv0.routes[0].handle[1].status_code`.
    package func error(_ message: String, at path: String) -> ConfigError? {
        guard let passage = passage(around: path) else { return nil }
        var error = ConfigError(
            message, at: passage.place(of: message), importChain: passage.importChain)
        error.sourceLine = error.location.flatMap { lines[$0] }
        return error
    }

    private func passage(around path: String) -> SourcePassage? {
        var path = path[...]
        while !path.isEmpty {
            if let passage = places[String(path)] { return passage }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
        return nil
    }
}
