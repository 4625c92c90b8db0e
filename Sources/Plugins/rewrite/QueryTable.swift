// The decoded pairs of a query, in the memory of an exchange.
import PluginSDK

struct QueryTable {
    private struct Entry {
        var key: Bytes
        var value: Bytes
    }

    private let exchange: Exchange
    private let entries: UnsafeMutableBufferPointer<Entry>
    private var count = 0

    /// Reads a query; pairs with invalid escapes or semicolons are dropped.
    ///
    /// - Parameter room: Pairs that may be added later.
    init(_ query: Bytes, room: Int, in exchange: Exchange) throws(Status) {
        self.exchange = exchange
        let ampersand = UInt8(ascii: "&")
        let capacity = query.buffer.reduce(1) { $0 + ($1 == ampersand ? 1 : 0) } + room
        let memory = try exchange.allocate(capacity * MemoryLayout<Entry>.stride)
        entries = memory.bindMemory(to: Entry.self)
        var start = 0
        while start < query.count {
            let end = query.buffer[start...].firstIndex(of: ampersand) ?? query.count
            try read(UnsafeRawBufferPointer(rebasing: query.buffer[start..<end]))
            start = end + 1
        }
    }

    private mutating func read(_ pair: UnsafeRawBufferPointer) throws(Status) {
        guard !pair.isEmpty, !pair.contains(UInt8(ascii: ";")) else { return }
        let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
        let value = pair.dropFirst(equals + 1)
        guard let key = try decoded(UnsafeRawBufferPointer(rebasing: pair[..<equals])),
            let value = try decoded(UnsafeRawBufferPointer(rebasing: value))
        else { return }
        add(key, value)
    }

    private func decoded(_ text: UnsafeRawBufferPointer) throws(Status) -> Bytes? {
        var writer = try ByteWriter(text.count, in: exchange)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%") {
                guard let byte = text.unescaped(at: index) else { return nil }
                writer.append(byte)
                index += 3
            } else {
                writer.append(text[index] == UInt8(ascii: "+") ? 0x20 : text[index])
                index += 1
            }
        }
        return writer.bytes
    }

    func contains(_ key: Bytes) -> Bool {
        entries[..<count].contains { $0.key == key }
    }

    mutating func add(_ key: Bytes, _ value: Bytes) {
        entries.initializeElement(at: count, to: Entry(key: key, value: value))
        count += 1
    }

    mutating func remove(_ key: Bytes) {
        var kept = 0
        for index in 0..<count where !(entries[index].key == key) {
            entries[kept] = entries[index]
            kept += 1
        }
        count = kept
    }

    mutating func rename(_ old: Bytes, to new: Bytes) {
        for index in 0..<count where entries[index].key == old { entries[index].key = new }
    }

    /// Changes the values of one key, or of all when `key` is nil.
    mutating func changeValues(
        of key: Bytes?, _ change: (Bytes) throws(Status) -> Bytes
    ) throws(Status) {
        for index in 0..<count {
            if let key, !(entries[index].key == key) { continue }
            entries[index].value = try change(entries[index].value)
        }
    }

    /// The pairs sorted by key, those of one key in their order.
    mutating func encoded() throws(Status) -> Bytes {
        sort()
        let length = entries[..<count].reduce(0) { $0 + ($1.key.count + $1.value.count) * 3 + 2 }
        var writer = try ByteWriter(length, in: exchange)
        for entry in entries[..<count] {
            if writer.count > 0 { writer.append(UInt8(ascii: "&")) }
            writer.appendQueryEscaped(entry.key)
            writer.append(UInt8(ascii: "="))
            writer.appendQueryEscaped(entry.value)
        }
        return writer.bytes
    }

    /// Insertion sort: stable, in place, and queries are short.
    private mutating func sort() {
        for index in stride(from: 1, to: count, by: 1) {
            var position = index
            while position > 0,
                entries[position].key.buffer.lexicographicallyPrecedes(
                    entries[position - 1].key.buffer)
            {
                entries.swapAt(position, position - 1)
                position -= 1
            }
        }
    }
}

extension ByteWriter {
    /// The form-encoded text: unreserved characters stay, a space becomes a plus sign.
    mutating func appendQueryEscaped(_ text: Bytes) {
        for byte in text.buffer {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                append(byte)
            case 0x20: append(UInt8(ascii: "+"))
            default: appendEscaped(byte)
            }
        }
    }
}
