// A growable, reusable byte buffer: records are encoded into one and never into a String.

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Owns its memory, keeps it when cleared, and grows by doubling. One thread at a time.
package final class LogBuffer {
    private var base: UnsafeMutablePointer<UInt8>
    package private(set) var count = 0
    private var capacity: Int

    package init(capacity: Int = 4096) {
        precondition(capacity > 0, "a log buffer needs room for a byte")
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    /// The content; valid until the next change.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    package var last: UInt8? { count == 0 ? nil : base[count - 1] }

    package func clear() { count = 0 }

    /// Forgets everything behind `newCount` bytes.
    package func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "truncate beyond the content")
        count = newCount
    }

    func replace(at index: Int, with byte: UInt8) {
        precondition(index >= 0 && index < count, "replace beyond the content")
        base[index] = byte
    }

    /// Drops the first bytes and moves the rest to the front.
    func removeFirst(_ dropped: Int) {
        precondition(dropped >= 0 && dropped <= count, "remove beyond the content")
        memmove(base, base + dropped, count - dropped)
        count -= dropped
    }

    package func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        base[count] = byte
        count += 1
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if capacity - count < bytes.count { grow(by: bytes.count) }
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    package func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Control plane and writer thread only.
    package func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Makes room for `extra` bytes and lets `fill` write them, for bytes that come in pieces.
    func append(count extra: Int, fill: (UnsafeMutableRawPointer) -> Void) {
        if capacity - count < extra { grow(by: extra) }
        fill(base + count)
        count += extra
    }

    /// Gives memory back that one unusually large record took.
    func shrink(to capacityMax: Int) {
        guard capacity > capacityMax, count == 0 else { return }
        base.deallocate()
        capacity = capacityMax
        base = .allocate(capacity: capacity)
    }

    private func grow(by extra: Int) {
        let newCapacity = max(capacity * 2, count + extra)
        let newBase = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
        memcpy(newBase, base, count)
        base.deallocate()
        base = newBase
        capacity = newCapacity
    }
}

extension LogBuffer {
    package func append(decimal value: UInt64) {
        append(decimal: value, width: 1)
    }

    package func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Decimal digits with leading zeros up to `width`, at most 20.
    func append(decimal value: UInt64, width: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            while 20 - start < width {
                start -= 1
                digits[start] = UInt8(ascii: "0")
            }
            append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }

    /// Nanoseconds as decimal seconds without trailing zeros: 1_500_000_000 is `1.5`.
    func append(seconds nanoseconds: Int64) {
        if nanoseconds < 0 { append(UInt8(ascii: "-")) }
        let magnitude = nanoseconds.magnitude
        append(decimal: magnitude / 1_000_000_000)
        append(fraction: magnitude % 1_000_000_000, digits: 9)
    }

    /// A point and `digits` digits without trailing zeros; nothing for zero.
    func append(fraction: UInt64, digits: Int) {
        guard fraction > 0 else { return }
        var fraction = fraction
        var digits = digits
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        append(UInt8(ascii: "."))
        append(decimal: fraction, width: digits)
    }

    /// A number, or a string for what JSON has no number for. Allocates: not for the request path.
    func append(double value: Double) {
        guard value.isFinite else {
            append(value.isNaN ? "\"NaN\"" : value > 0 ? "\"+Inf\"" : "\"-Inf\"")
            return
        }
        let text = value.description
        append(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }
}
