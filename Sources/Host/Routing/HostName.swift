// Internationalised host names in the form that goes over the wire.
import Base

/// The ASCII form of a host name (RFC 5891 §4.4): every label with other characters becomes
/// `xn--` and its Punycode, letters become lower case.
package func asciiHostName(_ host: String, at location: String) throws(RoutingError) -> String {
    guard host.utf8.contains(where: { $0 >= 0x80 }) else {
        return String(decoding: host.utf8.map(asciiLowercased), as: UTF8.self)
    }
    var labels: [String] = []
    for label in host.split(separator: ".", omittingEmptySubsequences: false) {
        let lowered = label.lowercased()
        guard lowered.utf8.contains(where: { $0 >= 0x80 }) else {
            labels.append(lowered)
            continue
        }
        guard let encoded = punycode(Array(lowered.unicodeScalars)), encoded.count <= 59 else {
            throw RoutingError("host \"\(host)\" has no ASCII form", at: location)
        }
        labels.append("xn--" + encoded)
    }
    return labels.joined(separator: ".")
}

/// RFC 3492 §6.3. Nil on overflow.
private func punycode(_ scalars: [Unicode.Scalar]) -> String? {
    var output = scalars.filter(\.isASCII).map { UInt8(truncatingIfNeeded: $0.value) }
    let basicCount = output.count
    if basicCount > 0 { output.append(0x2d) }
    var next: UInt32 = 128
    var delta: UInt32 = 0
    var bias: UInt32 = 72
    var handled = UInt32(basicCount)
    while handled < scalars.count {
        guard let smallest = scalars.map(\.value).filter({ $0 >= next }).min() else { return nil }
        let (step, overflow) = (smallest - next).multipliedReportingOverflow(by: handled + 1)
        guard !overflow, delta <= .max - step else { return nil }
        delta += step
        next = smallest
        for scalar in scalars {
            if scalar.value < next { delta += 1 }
            guard scalar.value == next else { continue }
            appendInteger(delta, bias: bias, to: &output)
            bias = adaptedBias(delta, handled + 1, isFirst: handled == basicCount)
            delta = 0
            handled += 1
        }
        delta += 1
        next += 1
    }
    return String(decoding: output, as: UTF8.self)
}

private func appendInteger(_ number: UInt32, bias: UInt32, to output: inout [UInt8]) {
    var rest = number
    var position: UInt32 = 36
    while true {
        let threshold = position <= bias ? 1 : min(position - bias, 26)
        guard rest >= threshold else { break }
        output.append(punycodeDigit(threshold + (rest - threshold) % (36 - threshold)))
        rest = (rest - threshold) / (36 - threshold)
        position += 36
    }
    output.append(punycodeDigit(rest))
}

private func punycodeDigit(_ value: UInt32) -> UInt8 {
    UInt8(truncatingIfNeeded: value < 26 ? value + 97 : value + 22)
}

private func adaptedBias(_ delta: UInt32, _ count: UInt32, isFirst: Bool) -> UInt32 {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var bias: UInt32 = 0
    while delta > 455 {
        delta /= 35
        bias += 36
    }
    return bias + 36 * delta / (delta + 38)
}
