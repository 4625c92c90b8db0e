// Searching in texts, byte by byte.

extension StringProtocol {
    /// Whether another text occurs in this one.
    func holds(_ text: String) -> Bool {
        let found = utf8.withContiguousStorageIfAvailable { bytes in
            text.utf8.withContiguousStorageIfAvailable { wanted in Self.find(wanted, in: bytes) }
        }
        if let found = found ?? nil { return found }
        return Array(utf8).withUnsafeBufferPointer { bytes in
            Array(text.utf8).withUnsafeBufferPointer { wanted in Self.find(wanted, in: bytes) }
        }
    }

    private static func find(
        _ wanted: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let first = wanted.first, bytes.count >= wanted.count else { return wanted.isEmpty }
        for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
            if bytes[start..<start + wanted.count].elementsEqual(wanted) { return true }
        }
        return false
    }
}
