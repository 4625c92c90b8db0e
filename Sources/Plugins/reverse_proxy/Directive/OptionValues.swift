// Values of options that several groups read: sizes, statuses, missing arguments.
import PluginSDK

extension Token {
    /// Bytes of a size such as "4096", "8KB" (1000) or "4KiB" (1024).
    func byteCount(_ what: String) throws(PluginError) -> Int64 {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let number = Double(digits), let factor = Self.byteUnits[unit],
            number * factor < 9e18
        else {
            throw PluginError("\(what) is \"\(text)\", expected a size such as 4KiB", at: self)
        }
        return Int64(number * factor)
    }

    private static let byteUnits: [String: Double] = {
        var units: [String: Double] = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t", "p"].enumerated() {
            let (decimal, binary) = ((0...power).reduce(1) { size, _ in size * 1000 },
                                     (0...power).reduce(1) { size, _ in size * 1024 })
            for name in [letter, letter + "b"] { units[name] = Double(decimal) }
            for name in [letter + "i", letter + "ib"] { units[name] = Double(binary) }
        }
        return units
    }()

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
