// Durations, sizes and numbers as they are written in a Caddyfile.
import Base

package enum Quantities {
    /// Nanoseconds of a duration such as `1h30m`, `500ms`, `2d` or `-1s`; nil when it is none or
    /// too large.
    package static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var isNegative = false
        if let sign = rest.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            rest.removeFirst()
        }
        if rest == "0" { return 0 }
        if rest.isEmpty { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            guard let part = takeDurationPart(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        }
        return isNegative ? -total : total
    }

    /// Bytes of a size such as `10MB`, `4KiB` or `512`; nil when it is none or too large.
    package static func bytes(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCIIDigit || $0 == "." || $0 == "," }
        let unit = text.dropFirst(digits.count).filter { $0 != " " }.lowercased()
        guard let factor = byteUnits[unit],
            let number = Double(String(digits.filter { $0 != "," }))
        else { return nil }
        let value = number * factor
        return value < 9e18 ? Int64(value) : nil
    }

    private static let byteUnits: [String: Double] = {
        var units: [String: Double] = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t", "p", "e"].enumerated() {
            let decimal = (0...power).reduce(1.0) { product, _ in product * 1000 }
            let binary = (0...power).reduce(1.0) { product, _ in product * 1024 }
            units[letter] = decimal
            units[letter + "b"] = decimal
            units[letter + "i"] = binary
            units[letter + "ib"] = binary
        }
        return units
    }()

    private static let durationUnits: [String: Int64] = [
        "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
    ]

    /// One number with its unit.
    private static func takeDurationPart(_ rest: inout Substring) -> Int64? {
        let whole = rest.prefix(while: \.isASCIIDigit)
        rest = rest[whole.endIndex...]
        var fraction = Substring()
        if rest.first == "." {
            fraction = rest.dropFirst().prefix(while: \.isASCIIDigit)
            rest = rest[fraction.endIndex...]
        }
        let unit = rest.prefix { !$0.isASCIIDigit && $0 != "." }
        rest = rest[unit.endIndex...]
        guard !whole.isEmpty || !fraction.isEmpty, let factor = durationUnits[String(unit)],
            let count = whole.isEmpty ? 0 : Int64(whole)
        else { return nil }
        let (value, overflow) = count.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        let part = Double("0.\(fraction.isEmpty ? "0" : String(fraction))") ?? 0
        let (sum, sumOverflow) = value.addingReportingOverflow(Int64(part * Double(factor)))
        return sumOverflow ? nil : sum
    }
}

extension Character {
    var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}

extension ConfigNode {
    /// Nanoseconds of the only argument.
    func duration() throws(ConfigError) -> Int64 {
        try Self.duration(onlyArgument("duration"))
    }

    static func duration(_ token: Token) throws(ConfigError) -> Int64 {
        guard let nanoseconds = Quantities.nanoseconds(token.text) else {
            throw ConfigError(
                "invalid duration \"\(token.text)\", expected a number with a unit such as "
                    + "30s, 5m or 2d",
                at: token)
        }
        return nanoseconds
    }

    static func integer(_ token: Token) throws(ConfigError) -> Int64 {
        guard let number = Int64(token.text) else {
            throw ConfigError("invalid number \"\(token.text)\", expected an integer", at: token)
        }
        return number
    }

    func integer() throws(ConfigError) -> Int64 { try Self.integer(onlyArgument("number")) }

    /// Bytes of the only argument.
    func size() throws(ConfigError) -> Int64 {
        let token = try onlyArgument("size")
        guard let bytes = Quantities.bytes(token.text) else {
            throw ConfigError(
                "invalid size \"\(token.text)\", expected a number with a unit such as 10MB "
                    + "or 4KiB",
                at: token)
        }
        return bytes
    }

    /// A number above 0 and below 1 (or up to 1).
    func ratio(upToOne: Bool = false) throws(ConfigError) -> JSONValue {
        let token = try onlyArgument("ratio")
        guard let ratio = Double(token.text), ratio > 0, upToOne ? ratio <= 1 : ratio < 1 else {
            throw ConfigError(
                "invalid ratio \"\(token.text)\", expected a number between 0 and 1", at: token)
        }
        return .double(ratio)
    }
}
