// Replacing every match, with the rules of Go's regexp package, which Caddy's users know.

extension RE2Pattern {
    /// Gives the text with every match replaced, piece by piece. Allocates nothing.
    ///
    /// In the replacement `$1`, `${1}`, `$name` and `${name}` stand for groups, `$$` for a dollar
    /// sign; a name reaches as far as letters, digits and `_` do. An empty match right behind
    /// another match does not count.
    ///
    /// - Parameter write: Gets the pieces in order; false ends the work.
    /// - Returns: How many matches were replaced, nil when `write` ended it.
    package func replace(
        in text: UnsafeBufferPointer<UInt8>, with replacement: UnsafeBufferPointer<UInt8>,
        write: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Int? {
        withUnsafeTemporaryAllocation(of: Group.self, capacity: groupCount + 1) { groups in
            groups.initialize(repeating: nil)
            var count = 0
            var copied = 0
            var position = 0
            while position <= text.count, firstMatch(in: text, from: position, groups: groups),
                let match = groups[0]
            {
                guard write(text.part(copied..<match.lowerBound)) else { return nil }
                if match.upperBound > copied || match.lowerBound == 0 {
                    guard expand(replacement, text, groups, write) else { return nil }
                    count += 1
                }
                copied = match.upperBound
                position =
                    match.upperBound > position
                    ? match.upperBound : position + text.characterLength(at: position)
            }
            guard copied >= text.count || write(text.part(copied..<text.count)) else { return nil }
            return count
        }
    }

    /// Writes a replacement with its references to groups filled in.
    private func expand(
        _ replacement: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>,
        _ groups: UnsafeMutableBufferPointer<Group>, _ write: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        var rest = 0
        while rest < replacement.count {
            let literal = replacement[rest...].prefix { $0 != UInt8(ascii: "$") }
            guard write(replacement.part(literal.indices)) else { return false }
            rest = literal.endIndex
            guard rest < replacement.count else { break }
            let reference = GroupReference(in: replacement, at: rest)
            rest = reference.end
            switch reference.kind {
            case .dollar:
                guard write(replacement.part((rest - 1)..<rest)) else { return false }
            case .group(let name):
                guard let range = group(named: replacement.part(name), groups) else { continue }
                guard write(text.part(range)) else { return false }
            }
        }
        return true
    }

    private func group(
        named name: UnsafeBufferPointer<UInt8>, _ groups: UnsafeMutableBufferPointer<Group>
    ) -> Group {
        let isNumber = name.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber else { return groupNumber(name).flatMap { groups[$0] } }
        guard name.count < 9 else { return nil }
        let number = name.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return number < groups.count ? groups[number] : nil
    }
}

/// A dollar sign in a replacement and what it stands for.
private struct GroupReference {
    enum Kind {
        case dollar
        /// The bytes of its name or number.
        case group(Range<Int>)
    }

    let kind: Kind
    /// Behind the reference.
    let end: Int

    init(in text: UnsafeBufferPointer<UInt8>, at dollar: Int) {
        let next = dollar + 1
        if next < text.count, text[next] == UInt8(ascii: "$") {
            self.init(.dollar, end: next + 1)
            return
        }
        let hasBrace = next < text.count && text[next] == UInt8(ascii: "{")
        let start = hasBrace ? next + 1 : next
        let name = text[start...].prefix(while: Self.isNamePart)
        let isClosed =
            !hasBrace
            || (name.endIndex < text.count && text[name.endIndex] == UInt8(ascii: "}"))
        guard !name.isEmpty, isClosed else {
            self.init(.dollar, end: next)
            return
        }
        self.init(.group(name.startIndex..<name.endIndex), end: name.endIndex + (hasBrace ? 1 : 0))
    }

    private init(_ kind: Kind, end: Int) {
        self.kind = kind
        self.end = end
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
            || (0x61...0x7a).contains(byte) || byte == 0x5f
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func part(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: self[range])
    }

    /// Bytes of the UTF-8 character that begins at `index`, 1 for anything malformed.
    fileprivate func characterLength(at index: Int) -> Int {
        guard index < count else { return 1 }
        let length =
            switch self[index] {
            case 0xc2...0xdf: 2
            case 0xe0...0xef: 3
            case 0xf0...0xf4: 4
            default: 1
            }
        guard index + length <= count else { return 1 }
        let tail = self[(index + 1)..<(index + length)]
        return tail.allSatisfy { $0 & 0xc0 == 0x80 } ? length : 1
    }
}
