// Which spellings of a field name a backend may take for the same one.
import CGateway

extension Fields {
    /// Removes the fields whose name is `name` but for case and for `_` where it has `-`.
    ///
    /// Backends that read fields the CGI way (RFC 3875 §4.1.18) take X_User_Id for X-User-Id, so
    /// what a client must not say is removed from a request in each such spelling.
    ///
    /// - Parameters:
    ///   - name: May begin or end with `*`, which stands for any text.
    ///   - id: Of a field that stays, in every case of its letters.
    public mutating func removeSpellings(
        of name: Bytes, except id: FieldID? = nil, in exchange: Exchange
    ) throws(Status) {
        let pattern = SpellingPattern(name.buffer)
        var start = 0
        while let index = index(of: pattern, except: id?.rawValue ?? 0, from: start) {
            let spelling = try exchange.copy(self.name(at: index))
            guard remove(matching: spelling) else { throw .internal }
            start = index
        }
    }

    /// On plain memory: this runs over every field of every request whose fields are changed.
    private func index(of pattern: SpellingPattern, except id: UInt16, from start: Int) -> Int? {
        guard let base = pointer.pointee.base else { return nil }
        let lines = UnsafeRawPointer(base + Int(pointer.pointee.fields_off))
            .assumingMemoryBound(to: gw_field.self)
        for index in start..<max(start, count) {
            let line = lines[index]
            guard id == 0 || line.name_id != id, pattern.mayMatch(Int(line.name.len)) else {
                continue
            }
            let name = UnsafeRawBufferPointer(
                start: base + Int(line.name.off), count: Int(line.name.len))
            if pattern.matches(name) { return index }
        }
        return nil
    }
}

/// A name that may begin or end with a star, read once for all fields of a section.
private struct SpellingPattern {
    private let text: UnsafeRawBufferPointer
    private let opens: Bool
    private let closes: Bool

    init(_ pattern: UnsafeRawBufferPointer) {
        opens = pattern.first == UInt8(ascii: "*")
        closes = pattern.count > 1 && pattern.last == UInt8(ascii: "*")
        text = UnsafeRawBufferPointer(
            rebasing: pattern[(opens ? 1 : 0)..<(pattern.count - (closes ? 1 : 0))])
    }

    /// Nearly every field of a request differs in its length already.
    @inline(__always)
    func mayMatch(_ count: Int) -> Bool {
        count == text.count || (opens || closes) && count > text.count
    }

    /// - Parameter name: Of a length that may match.
    func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        let last = name.count - text.count
        return switch (opens, closes) {
        case (false, _): equals(name, text, at: 0)
        case (true, false): equals(name, text, at: last)
        case (true, true): (0...last).contains { equals(name, text, at: $0) }
        }
    }
}

/// Whether `text` stands in `own` at that place, for who reads names the CGI way.
@inline(__always)
private func equals(
    _ own: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, at start: Int
) -> Bool {
    for index in 0..<text.count where folded(own[start + index]) != folded(text[index]) {
        return false
    }
    return true
}

private func folded(_ byte: UInt8) -> UInt8 {
    byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : asciiLowercased(byte)
}
