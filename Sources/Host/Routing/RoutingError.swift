// What can be wrong with routes, matchers and templates in a configuration.
import Base

/// A configuration that cannot be compiled.
package struct RoutingError: Error, Equatable, CustomStringConvertible {
    /// Where in the JSON, such as `routes[2].match[0].host`; empty for the root.
    package let location: String
    /// Lower case, no full stop: what was found, what was expected.
    package let message: String

    package init(_ message: String, at location: String = "") {
        self.location = location
        self.message = message
    }

    package var description: String { location.isEmpty ? message : "\(location): \(message)" }
}

extension JSONValue {
    func object(at location: String) throws(RoutingError) -> [String: JSONValue] {
        guard let members = objectValue else {
            throw RoutingError("expected an object", at: location)
        }
        return members
    }

    func array(at location: String) throws(RoutingError) -> [JSONValue] {
        guard let elements = arrayValue else {
            throw RoutingError("expected an array", at: location)
        }
        return elements
    }

    func string(at location: String) throws(RoutingError) -> String {
        guard let text = stringValue else {
            throw RoutingError("expected a string", at: location)
        }
        return text
    }

    func strings(at location: String) throws(RoutingError) -> [String] {
        var texts: [String] = []
        for (index, element) in try array(at: location).enumerated() {
            texts.append(try element.string(at: "\(location)[\(index)]"))
        }
        return texts
    }
}

/// Refuses members that nobody reads: a misspelt option must not be silently ignored.
func refuseUnknownMembers(
    of members: [String: JSONValue], known: [String], at location: String
) throws(RoutingError) {
    for name in members.keys.sorted() where !known.contains(name) && name != "@id" {
        let expected = known.joined(separator: ", ")
        throw RoutingError("unknown field \"\(name)\", expected one of \(expected)", at: location)
    }
}
