// Results that are numbers, as text in the memory of the exchange.
import PluginSDK

extension Request {
    func decimal(_ value: Int64) throws(Status) -> Bytes {
        try decimal(value.magnitude, isNegative: value < 0)
    }

    func decimal(_ magnitude: UInt64, isNegative: Bool) throws(Status) -> Bytes {
        let memory = try allocate(21)
        var start = memory.count
        var rest = magnitude
        repeat {
            start -= 1
            memory[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if isNegative {
            start -= 1
            memory[start] = UInt8(ascii: "-")
        }
        return Bytes(UnsafeRawBufferPointer(rebasing: memory[start...]))
    }

    /// As few digits as tell it from every other number. Allocates.
    func shortest(_ value: Double) throws(Status) -> Bytes {
        var text = value.description
        if text.hasSuffix(".0") { text.removeLast(2) }
        let memory = try allocate(text.utf8.count)
        memory.copyBytes(from: text.utf8)
        return Bytes(UnsafeRawBufferPointer(memory))
    }
}
