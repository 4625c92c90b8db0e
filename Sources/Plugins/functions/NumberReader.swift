// Numbers of arguments, read from bytes without making a String.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif
import PluginSDK

struct NumberReader {
    private let text: Bytes

    init(_ text: Bytes) { self.text = text }

    mutating func unsigned(max: UInt64) -> UInt64? {
        Self.magnitude(text.buffer[...]).flatMap { $0 <= max ? $0 : nil }
    }

    mutating func signed(within range: ClosedRange<Int64>) -> Int64? {
        let isNegative = text.buffer.first == UInt8(ascii: "-")
        guard let magnitude = Self.magnitude(text.buffer[(isNegative ? 1 : 0)...]) else {
            return nil
        }
        let value =
            isNegative
            ? (magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil)
            : Int64(exactly: magnitude)
        return value.flatMap { range.contains($0) ? $0 : nil }
    }

    /// As `strtod` reads it, all of it.
    mutating func double() -> Double? {
        guard text.count > 0, text.count < 64 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { copy in
            for (index, byte) in text.buffer.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[text.count] = 0
            guard let start = copy.baseAddress else { return nil }
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(start, &end)
            return end == start + text.count ? value : nil
        }
    }

    private static func magnitude(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard (48...57).contains(byte) else { return nil }
            let (scaled, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = scaled.addingReportingOverflow(UInt64(byte - 48))
            guard !overflows, !carries else { return nil }
            value = sum
        }
        return value
    }
}
