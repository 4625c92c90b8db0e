// The nearest known name for a misspelt one.

package enum Suggestion {
    /// A hint that names the candidate nearest to `word`, nil when none is near.
    package static func hint(
        for word: String, among candidates: some Sequence<String>
    ) -> String? {
        nearest(to: word, among: candidates).map { "did you mean \"\($0)\"?" }
    }

    /// The candidate with the smallest edit distance, at most a third of the word's length and
    /// never the word itself; the alphabetically first of equals.
    package static func nearest(
        to word: String, among candidates: some Sequence<String>
    ) -> String? {
        let bytes = Array(word.utf8)
        guard bytes.count <= wordBytesMax else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let distance = editDistance(bytes, Array(candidate.utf8))
            guard distance <= max(1, bytes.count / 3) else { continue }
            if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Longer words are no misspelt names, and the distance costs the product of both lengths.
    private static let wordBytesMax = 64

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for (row, leftByte) in left.enumerated() {
            var current = [row + 1]
            for (column, rightByte) in right.enumerated() {
                var cost = min(
                    previous[column] + (leftByte == rightByte ? 0 : 1),
                    previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, leftByte == right[column - 1],
                    left[row - 1] == rightByte
                {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
