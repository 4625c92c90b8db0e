// Lines out of pieces of a stream.

struct LineSplitter {
    private var line: [UInt8] = []
    private var isTooLong = false

    /// Calls `each` with every line that is whole now, without its line feed. A line above the
    /// limit is left out.
    mutating func append(_ piece: UnsafeRawBufferPointer, each: ([UInt8]) -> Void) {
        for part in piece.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            if part.offset > 0 { end(each) }
            guard line.count + part.element.count <= DiscoveryLimits.eventBytesMax else {
                isTooLong = true
                continue
            }
            line.append(contentsOf: part.element)
        }
    }

    private mutating func end(_ each: ([UInt8]) -> Void) {
        if !isTooLong, !line.isEmpty { each(line) }
        line = []
        isTooLong = false
    }
}
