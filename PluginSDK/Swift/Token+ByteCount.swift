// Sizes in a Caddyfile.

extension Token {
    /// Bytes of a size such as "4096", "8KB" (1000) or "4KiB" (1024).
    public func byteCount(_ what: String) throws(PluginError) -> Int64 {
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
            let (decimal, binary) = (
                (0...power).reduce(1) { size, _ in size * 1000 },
                (0...power).reduce(1) { size, _ in size * 1024 }
            )
            for name in [letter, letter + "b"] { units[name] = Double(decimal) }
            for name in [letter + "i", letter + "ib"] { units[name] = Double(binary) }
        }
        return units
    }()
}
