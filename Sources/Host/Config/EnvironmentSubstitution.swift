// Replaces {$NAME} and {$NAME:default} in the raw text, and remembers what came from where.

/// The text of one file after environment substitution. Values are not substituted again, so a
/// value that looks like a variable stays as it is.
struct EnvironmentSubstitution {
    /// A stretch of output that was copied, or the value that replaced one variable.
    private struct Piece {
        var outputStart: Int
        var sourceStart: Int
        var isValue: Bool
    }

    /// A variable that left nothing behind.
    struct EmptyVariable {
        var name: String
        /// Where in the output its value would stand.
        var outputOffset: Int
        var sourceOffset: Int
    }

    private(set) var output: [UInt8] = []
    private(set) var emptyVariables: [EmptyVariable] = []
    private var pieces: [Piece] = []

    init(_ source: [UInt8], environment: (String) -> String?) {
        output.reserveCapacity(source.count)
        var copied = 0
        var index = 0
        while let open = Self.nextOpening(in: source, from: index),
            let close = source[open...].firstIndex(of: UInt8(ascii: "}"))
        {
            index = close + 1
            guard close > open + 2 else { continue }
            append(source[copied..<open], from: copied)
            appendValue(of: source[(open + 2)..<close], at: open, environment)
            copied = index
        }
        append(source[copied...], from: copied)
    }

    /// Whether a value stands in a stretch of the output.
    func hasValue(in range: Range<Int>) -> Bool {
        var index = pieceCount(before: range.upperBound - 1)
        while index > 0 {
            let start = pieces[index - 1].outputStart
            if pieces[index - 1].isValue { return true }
            if start <= range.lowerBound { return false }
            index -= 1
        }
        return false
    }

    /// The offset in the file of what stands at an offset of the output. Inside a value that is
    /// the start of its variable.
    func sourceOffset(of outputOffset: Int) -> Int {
        let count = pieceCount(before: outputOffset)
        guard count > 0 else { return outputOffset }
        let piece = pieces[count - 1]
        return piece.isValue
            ? piece.sourceStart : piece.sourceStart + outputOffset - piece.outputStart
    }

    /// How many pieces start at or before an offset of the output.
    private func pieceCount(before outputOffset: Int) -> Int {
        var low = 0
        var high = pieces.count
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].outputStart <= outputOffset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    private static func nextOpening(in source: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < source.count {
            if source[index] == UInt8(ascii: "{"), source[index + 1] == UInt8(ascii: "$") {
                return index
            }
            index += 1
        }
        return nil
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, from sourceStart: Int) {
        pieces.append(
            Piece(outputStart: output.count, sourceStart: sourceStart, isValue: false))
        output += bytes
    }

    private mutating func appendValue(
        of reference: ArraySlice<UInt8>, at sourceStart: Int, _ environment: (String) -> String?
    ) {
        let colon = reference.firstIndex(of: UInt8(ascii: ":"))
        let name = String(decoding: reference[..<(colon ?? reference.endIndex)], as: UTF8.self)
        var value = environment(name)
        if value == nil, let colon {
            value = String(decoding: reference[(colon + 1)...], as: UTF8.self)
        }
        pieces.append(Piece(outputStart: output.count, sourceStart: sourceStart, isValue: true))
        guard let value, !value.isEmpty else {
            emptyVariables.append(
                EmptyVariable(
                    name: name, outputOffset: output.count, sourceOffset: sourceStart))
            return
        }
        output += value.utf8
    }
}
