// Text built in the memory of an exchange.
import PluginSDK

/// Appends to memory of the exchange that was reserved before; more than that is a programmer
/// error.
struct ByteWriter {
    private let exchange: Exchange
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ capacity: Int, in exchange: Exchange) throws(Status) {
        self.exchange = exchange
        memory = try exchange.allocate(max(capacity, 1))
    }

    /// Makes room for that many further bytes.
    mutating func reserve(_ extra: Int) throws(Status) {
        guard count + extra > memory.count else { return }
        let larger = try exchange.allocate((count + extra) * 2)
        larger.copyMemory(from: bytes.buffer)
        memory = larger
    }

    var bytes: Bytes { Bytes(UnsafeRawBufferPointer(rebasing: memory[..<count])) }

    mutating func append(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    mutating func append(_ text: some Collection<UInt8>) {
        for byte in text { append(byte) }
    }

    mutating func append(_ text: Bytes) { append(text.buffer) }

    /// Three bytes: the percent-encoded form.
    mutating func appendEscaped(_ byte: UInt8) {
        append(UInt8(ascii: "%"))
        append(hexDigit(byte >> 4))
        append(hexDigit(byte & 15))
    }

    /// Goes back to an earlier length.
    mutating func truncate(to count: Int) { self.count = min(count, self.count) }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}

func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}

extension UnsafeRawBufferPointer {
    /// The byte that a percent-encoded triplet at an index stands for; nil when there is none.
    func unescaped(at index: Int) -> UInt8? {
        guard index >= 0, index + 2 < count, self[index] == UInt8(ascii: "%"),
            let high = hexValue(self[index + 1]), let low = hexValue(self[index + 2])
        else { return nil }
        return high << 4 | low
    }
}

extension Exchange {
    /// The text with a part replaced, at most `limit` times when that is not 0.
    func replacing(
        _ find: Bytes, with replacement: Bytes, limit: Int, in text: Bytes
    ) throws(Status) -> Bytes {
        let most = text.count / find.count * max(0, replacement.count - find.count)
        var writer = try ByteWriter(text.count + most, in: self)
        var (position, found) = (0, 0)
        while position < text.count {
            let rest = UnsafeRawBufferPointer(rebasing: text.buffer[position...])
            if limit <= 0 || found < limit, rest.starts(with: find.buffer) {
                writer.append(replacement)
                position += find.count
                found += 1
            } else {
                writer.append(rest[0])
                position += 1
            }
        }
        return writer.bytes
    }
}
