// Names and the addresses behind them, as the path of a request reads them.
import PluginSDK

/// Where the requests of one name go now.
struct RouteEntry: Sendable, Equatable {
    /// Host, or host:service.
    var key: String
    var service: DiscoveredService

    /// "127.0.0.1:3000", "[::1]:5173".
    var dial: String { service.dialAddresses.first?.text ?? "" }
    /// Another address of the same service, tried when the first one refuses; empty without one.
    var otherDial: String {
        service.dialAddresses.count > 1 ? service.dialAddresses[1].text : ""
    }
}

/// An immutable hash table in one block of memory. Looking a name up allocates nothing, takes no
/// lock and touches two or three cache lines.
final class RouteTable: @unchecked Sendable {
    /// Offsets count from the start of `texts`. A slot without key is free.
    private struct Slot: BitwiseCopyable {
        var hash: UInt64 = 0
        var key: UInt32 = 0
        var keyCount: UInt32 = 0
        var dial: UInt32 = 0
        var dialCount: UInt16 = 0
        var otherDialCount: UInt16 = 0
        var target: UInt32 = 0
    }

    /// What was found; the bytes live as long as the table.
    struct Route {
        /// Whether the service still is what it was when the table was made.
        let isCurrent: Bool
        let dial: UnsafeRawBufferPointer
        let otherDial: UnsafeRawBufferPointer
    }

    let entries: [RouteEntry]
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private let texts: UnsafeMutableRawBufferPointer
    /// One per entry.
    private let targets: UnsafeMutablePointer<Unmanaged<LiveTarget>>

    init(_ entries: [RouteEntry]) {
        self.entries = entries
        var slotCount = 8
        while slotCount < entries.count * 2 { slotCount *= 2 }
        mask = slotCount - 1
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(), count: slotCount)
        let size = entries.reduce(0) {
            $0 + $1.key.utf8.count + $1.dial.utf8.count + $1.otherDial.utf8.count
        }
        texts = .allocate(byteCount: max(1, size), alignment: 8)
        targets = .allocate(capacity: max(1, entries.count))
        var end = 0
        for (index, entry) in entries.enumerated() {
            (targets + index).initialize(to: .passRetained(entry.service.makeTarget()))
            insert(entry, UInt32(index), &end)
        }
    }

    deinit {
        for index in entries.indices { targets[index].release() }
        targets.deallocate()
        slots.deallocate()
        texts.deallocate()
    }

    /// Where the requests of a host go, whatever its case, its port and the dot of the root.
    func route(ofHost host: RawSpan, now: UInt64 = Clock.monotonic) -> Route? {
        host.withUnsafeBytes { host in
            guard let count = Self.nameCount(host) else { return nil }
            return route(of: UnsafeRawBufferPointer(rebasing: host[..<count]), now: now)
        }
    }

    /// - Parameters:
    ///   - key: In any case.
    ///   - now: Nanoseconds of the monotonic clock.
    func route(of key: UnsafeRawBufferPointer, now: UInt64 = Clock.monotonic) -> Route? {
        let hash = Self.hash(key)
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].keyCount > 0 {
            let slot = slots[index]
            if slot.hash == hash, matches(slot, key) {
                let dial = Int(slot.dial)
                let other = dial + Int(slot.dialCount)
                let target = targets[Int(slot.target)]
                return Route(
                    isCurrent: target._withUnsafeGuaranteedRef { $0.isCurrent(now) },
                    dial: text(dial, Int(slot.dialCount)),
                    otherDial: text(other, Int(slot.otherDialCount)))
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Keys are in lower case.
    private func matches(_ slot: Slot, _ key: UnsafeRawBufferPointer) -> Bool {
        guard Int(slot.keyCount) == key.count else { return false }
        let own = text(Int(slot.key), key.count)
        for index in 0..<key.count where own[index] != lowercased(key[index]) { return false }
        return true
    }

    /// Bytes before the port and the last dot; nil for a port that is no number: keys of services
    /// have a colon, too.
    private static func nameCount(_ host: UnsafeRawBufferPointer) -> Int? {
        var end = 0
        while end < host.count, host[end] != UInt8(ascii: ":") { end += 1 }
        for byte in host[end...].dropFirst() where byte &- UInt8(ascii: "0") > 9 { return nil }
        return end > 0 && host[end - 1] == UInt8(ascii: ".") ? end - 1 : end
    }

    private func text(_ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: texts[start..<(start + count)])
    }

    private func insert(_ entry: RouteEntry, _ target: UInt32, _ end: inout Int) {
        let key = append(entry.key, &end)
        let dial = append(entry.dial, &end)
        let other = append(entry.otherDial, &end)
        let bytes = text(key.start, key.count)
        let hash = Self.hash(bytes)
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].keyCount > 0 {
            // The first of two entries with one key stays.
            if slots[index].hash == hash, matches(slots[index], bytes) { return }
            index = (index + 1) & mask
        }
        slots[index] = Slot(
            hash: hash, key: UInt32(key.start), keyCount: UInt32(key.count),
            dial: UInt32(dial.start), dialCount: UInt16(dial.count),
            otherDialCount: UInt16(other.count), target: target)
    }

    private func append(_ text: String, _ end: inout Int) -> (start: Int, count: Int) {
        let start = end
        for byte in text.utf8 {
            texts[end] = byte
            end += 1
        }
        return (start, end - start)
    }

    /// FNV-1a of the lower case. Only names that were resolved get in, so nobody can choose keys
    /// that collide.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes {
            hash = (hash ^ UInt64(lowercased(byte))) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}
