// The types of a C function in a few letters: "vv:z" takes two views and gives a text.
import PluginSDK

/// What one C parameter is, by its letter.
enum Parameter: Character, CaseIterable {
    /// Pointer and length: two C parameters.
    case view = "v"
    /// A NUL-terminated copy.
    case text = "z"
    case int32 = "i"
    case int64 = "I"
    case unsigned32 = "u"
    case unsigned64 = "U"
    case double = "d"
    case bool = "b"
    /// The `gw_req` itself; takes no argument.
    case request = "r"
}

/// What a C function gives, by its letter.
enum ResultType: Character, CaseIterable {
    /// Pointer and length in a structure.
    case view = "v"
    /// NUL-terminated, and the function's own.
    case text = "z"
    case int32 = "i"
    case int64 = "I"
    case unsigned32 = "u"
    case unsigned64 = "U"
    case double = "d"
    case bool = "b"
    /// Written into a buffer that the function gets, with its size, as last parameters.
    case written = "w"
    /// NUL-terminated, given back to the library's own function.
    case owned = "o"
}

struct Signature {
    let parameters: [Parameter]
    let result: ResultType

    static let parametersMax = 8

    /// - Parameter function: Its name, for messages.
    init(_ text: String, of function: String) throws(PluginError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].count == 1 else {
            throw PluginError(
                "signature \"\(text)\" of \(function) is not valid, expected letters of its "
                    + "parameters, a colon and one letter of its result",
                hint: "such as v:z")
        }
        guard parts[0].count <= Self.parametersMax else {
            throw PluginError(
                "\(function) has \(parts[0].count) parameters, at most "
                    + "\(Self.parametersMax) are possible")
        }
        parameters = try parts[0].map { (letter) throws(PluginError) in
            try Self.known(Parameter(rawValue: letter), letter, Parameter.self, text, function)
        }
        let letter = parts[1].first ?? " "
        result = try Self.known(
            ResultType(rawValue: letter), letter, ResultType.self, text, function)
    }

    /// How many arguments a configuration has to name.
    var argumentCount: Int { parameters.count { $0 != .request } }
    var letters: String { String(parameters.map(\.rawValue)) }

    private static func known<Type: CaseIterable & RawRepresentable<Character>>(
        _ value: Type?, _ letter: Character, _: Type.Type, _ text: String, _ function: String
    ) throws(PluginError) -> Type {
        if let value { return value }
        let known = Type.allCases.map { String($0.rawValue) }.joined(separator: " ")
        let side = Type.self == Parameter.self ? "parameter" : "result"
        throw PluginError(
            "signature \"\(text)\" of \(function) has \(letter) as a \(side), expected one of "
                + known)
    }
}
