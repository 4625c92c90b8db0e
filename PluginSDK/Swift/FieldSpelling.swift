// Which spellings of a field name a backend may take for the same one.

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
        var index = 0
        while index < count {
            guard id == nil || self.id(at: index) != id,
                self.name(at: index).isSpelling(of: name.buffer)
            else {
                index += 1
                continue
            }
            let spelling = try exchange.copy(self.name(at: index))
            guard remove(matching: spelling) else { throw .internal }
        }
    }
}

extension RawSpan {
    fileprivate func isSpelling(of pattern: UnsafeRawBufferPointer) -> Bool {
        let opens = pattern.first == UInt8(ascii: "*")
        let closes = pattern.count > 1 && pattern.last == UInt8(ascii: "*")
        let text = UnsafeRawBufferPointer(
            rebasing: pattern[(opens ? 1 : 0)..<(pattern.count - (closes ? 1 : 0))])
        return withUnsafeBytes { own in
            guard own.count >= text.count else { return false }
            let last = own.count - text.count
            return switch (opens, closes) {
            case (false, false): last == 0 && equals(own, text, at: 0)
            case (false, true): equals(own, text, at: 0)
            case (true, false): equals(own, text, at: last)
            case (true, true): (0...last).contains { equals(own, text, at: $0) }
            }
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
