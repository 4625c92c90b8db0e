// The text of one configuration file: offsets to lines and columns, lines for messages.

struct SourceFile {
    let name: String
    private let bytes: [UInt8]
    /// Offset of the first byte of each line.
    private let lineStarts: [Int]

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    func location(of offset: Int) -> SourceLocation {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        let start = lineStarts[low - 1]
        let end = min(max(offset, start), bytes.count)
        // Bytes that continue a UTF-8 sequence are no columns of their own (RFC 3629 §3).
        let column = bytes[start..<end].count { $0 & 0xC0 != 0x80 } + 1
        return SourceLocation(file: name, line: low, column: column)
    }

    /// One line without its line break, nil when there is no such line.
    func line(_ number: Int) -> String? {
        guard number >= 1, number <= lineStarts.count else { return nil }
        let rest = bytes[lineStarts[number - 1]...]
        var line = rest.prefix { $0 != UInt8(ascii: "\n") }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
