// Reading the query part of a uri without decoding it first.

/// Gives the pairs of a query one by one, still encoded. Empty pairs are skipped.
struct QueryReader {
    private let query: Bytes
    private var start = 0

    init(_ query: Bytes) {
        self.query = query
    }

    mutating func next() -> (key: Bytes, value: Bytes)? {
        while start < query.count {
            let end = query.firstOffset(of: 0x26, from: start) ?? query.count
            let pair = query.slice(start, end)
            start = end + 1
            guard pair.count > 0 else { continue }
            guard let equals = pair.firstOffset(of: 0x3d) else { return (pair, .empty) }
            return (pair.slice(0, equals), pair.slice(equals + 1, pair.count))
        }
        return nil
    }
}

/// Whether `encoded` stands for `text`. Allocates nothing.
func isDecodedEqual(_ encoded: Bytes, _ text: Bytes) -> Bool {
    var reader = EscapeReader(encoded, plusIsSpace: true)
    var index = 0
    while let byte = reader.next() {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
    }
    return index == text.count
}

/// A query that servers read differently: semicolons, broken escapes.
func isWellFormedQuery(_ query: Bytes) -> Bool {
    var index = 0
    while index < query.count {
        if query[index] == 0x3b { return false }
        if query[index] == 0x25 {
            guard index + 2 < query.count, hexDigitValue(query[index + 1]) != nil,
                hexDigitValue(query[index + 2]) != nil
            else { return false }
            index += 2
        }
        index += 1
    }
    return true
}
