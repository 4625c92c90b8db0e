// Values of options that several groups read: statuses, missing arguments.
import PluginSDK

extension Token {
    /// A status code, or the first digit of a class such as "5xx".
    func statusOrClass(_ what: String) throws(PluginError) -> JSONValue {
        let isClass = text.utf8.count == 3 && text.hasSuffix("xx")
        guard let status = Int64(isClass ? String(text.prefix(1)) : text) else {
            throw PluginError(
                "\(what) is \"\(text)\", expected a status such as 404 or 5xx", at: self)
        }
        return .int(status)
    }
}

extension Line {
    func missingArgument(_ what: String) -> PluginError {
        PluginError("\(name.text) has no argument, expected \(what)", at: name)
    }

    /// Every argument of a line that needs at least one.
    func someArguments(_ what: String) throws(PluginError) -> [Token] {
        try expectNoBlock()
        guard !arguments.isEmpty else { throw missingArgument(what) }
        return arguments
    }
}
