// IP addresses as text: recognises both families and writes IPv6 in its canonical form.

enum IPAddressText {
    static func isIPAddress(_ text: String) -> Bool { isIPv4(text) || ipv6Groups(text) != nil }

    static func isIPv4(_ text: String) -> Bool { ipv4Bytes(text[...]) != nil }

    /// The shortest lower-case form (RFC 5952 §4), nil when `text` is no IPv6 address. Addresses
    /// that hold an IPv4 one stay as they are.
    static func canonicalIPv6(_ text: String) -> String? {
        let address = text.prefix { $0 != "%" }
        guard let groups = ipv6Groups(String(address)) else { return nil }
        if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF { return nil }
        return format(groups) + text[address.endIndex...]
    }

    private static func ipv4Bytes(_ text: Substring) -> [UInt16]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt16] = []
        for part in parts {
            guard !part.isEmpty, part.utf8.count <= 3, part.allSatisfy(\.isASCIIDigit),
                part == "0" || part.first != "0", let value = UInt16(part), value < 256
            else { return nil }
            bytes.append(value)
        }
        return bytes
    }

    private static func ipv6Groups(_ text: String) -> [UInt16]? {
        guard text.contains(":"), text.utf8.count <= 45 else { return nil }
        guard let gap = firstGap(in: text) else {
            let groups = groups(in: text[...])
            return groups?.count == 8 ? groups : nil
        }
        let after = text[text.index(gap, offsetBy: 2)...]
        guard let head = groups(in: text[..<gap]), let tail = groups(in: after),
            head.count + tail.count < 8
        else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func firstGap(in text: String) -> String.Index? {
        var index = text.startIndex
        while let colon = text[index...].firstIndex(of: ":") {
            index = text.index(after: colon)
            if index < text.endIndex, text[index] == ":" { return colon }
        }
        return nil
    }

    private static func groups(in text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let bytes = ipv4Bytes(part) {
                groups += [bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                let value = UInt16(part, radix: 16)
            else { return nil }
            groups.append(value)
        }
        return groups
    }

    private static func format(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > max(best.count, 1) { best = first..<index }
                start = nil
            }
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return text(0..<8) }
        return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}
