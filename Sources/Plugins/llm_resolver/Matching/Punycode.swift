// International names as hosts spell them: the Bootstring decoder for "xn--" labels (RFC 3492).

enum Punycode {
    private static let base: UInt32 = 36
    private static let thresholdMin: UInt32 = 1
    private static let thresholdMax: UInt32 = 26
    private static let skew: UInt32 = 38
    private static let damp: UInt32 = 700
    private static let biasInitial: UInt32 = 72
    private static let firstScalar: UInt32 = 0x80

    /// The label in Unicode; nil when it begins with "xn--" and the rest is no Punycode.
    static func label(_ text: String) -> String? {
        guard text.utf8.count > 4, text.prefix(4).lowercased() == "xn--" else { return text }
        return decode(Array(text.utf8.dropFirst(4)))
    }

    /// Section 6.2. Every step is checked for overflow and for values that are no scalars.
    static func decode(_ input: [UInt8]) -> String? {
        let delimiter = input.lastIndex(of: UInt8(ascii: "-"))
        var output = input[..<(delimiter ?? 0)].map(Unicode.Scalar.init)
        guard output.allSatisfy(\.isASCII) else { return nil }
        var position = delimiter.map { $0 + 1 } ?? 0
        var scalar = firstScalar
        var index: UInt32 = 0
        var bias = biasInitial
        while position < input.count {
            let start = index
            guard readInteger(input, &position, bias: bias, into: &index) else { return nil }
            let count = UInt32(output.count) + 1
            bias = adapt(index - start, count: count, isFirst: start == 0)
            let (next, overflow) = scalar.addingReportingOverflow(index / count)
            guard !overflow, let decoded = Unicode.Scalar(next), next >= firstScalar else {
                return nil
            }
            scalar = next
            index %= count
            output.insert(decoded, at: Int(index))
            index += 1
        }
        return String(String.UnicodeScalarView(output))
    }

    /// Adds one generalized variable-length integer.
    private static func readInteger(
        _ input: [UInt8], _ position: inout Int, bias: UInt32, into index: inout UInt32
    ) -> Bool {
        var weight: UInt32 = 1
        var step = base
        while true {
            guard position < input.count, let digit = digit(input[position]) else { return false }
            position += 1
            let (product, tooLarge) = digit.multipliedReportingOverflow(by: weight)
            let (sum, overflow) = index.addingReportingOverflow(product)
            guard !tooLarge, !overflow else { return false }
            index = sum
            let threshold =
                step <= bias
                ? thresholdMin : min(max(step - bias, thresholdMin), thresholdMax)
            if digit < threshold { return true }
            let (heavier, weightOverflow) = weight.multipliedReportingOverflow(by: base - threshold)
            guard !weightOverflow else { return false }
            weight = heavier
            step += base
        }
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 26
        default: nil
        }
    }

    /// Section 6.1.
    private static func adapt(_ delta: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? delta / damp : delta / 2
        delta += delta / count
        var steps: UInt32 = 0
        while delta > (base - thresholdMin) * thresholdMax / 2 {
            delta /= base - thresholdMin
            steps += base
        }
        return steps + (base - thresholdMin + 1) * delta / (delta + skew)
    }
}
