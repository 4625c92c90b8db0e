// A fixed set of names, found in constant time.

/// An open-addressed table over names of the configuration, at most half full.
package struct ByteIndex: Sendable {
    private let keys: [[UInt8]]
    private let cells: [Int32]  // index into keys, or -1
    private let mask: Int

    /// - Parameter keys: The first of two equal ones wins.
    package init(_ keys: [[UInt8]]) {
        var size = 2
        while size < keys.count * 2 { size *= 2 }
        var cells = [Int32](repeating: -1, count: size)
        for (number, key) in keys.enumerated() {
            var cell = Int(truncatingIfNeeded: key.withUnsafeBytes { $0.hashIgnoringCase })
            while cells[cell & (size - 1)] >= 0 { cell &+= 1 }
            cells[cell & (size - 1)] = Int32(number)
        }
        self.keys = keys
        self.cells = cells
        mask = size - 1
    }

    package var count: Int { keys.count }

    /// - Returns: The position among those given to `init` of the key that is the same byte for
    ///   byte.
    package func find(_ key: Bytes) -> Int? {
        var cell = Int(truncatingIfNeeded: key.hashIgnoringCase) & mask
        while cells[cell] >= 0 {
            let number = Int(cells[cell])
            if key.isEqual(keys[number]) { return number }
            cell = (cell + 1) & mask
        }
        return nil
    }

    /// - Returns: The position of the first key that is the same but for the case of its letters.
    package func findIgnoringCase(_ key: Bytes) -> Int? {
        var cell = Int(truncatingIfNeeded: key.hashIgnoringCase) & mask
        while cells[cell] >= 0 {
            let number = Int(cells[cell])
            if key.isEqualIgnoringCase(keys[number]) { return number }
            cell = (cell + 1) & mask
        }
        return nil
    }
}
