// Finds the certificate for a server name: exact, then wildcard one label up.

/// An immutable open-addressing table over lower-case name bytes. Lookups allocate nothing and
/// may run on any thread.
struct ServerNameTable: ~Copyable, @unchecked Sendable {
    // Unchecked: the memory is written in init, freed in deinit and only read between.

    private struct Slot {
        var nameOffset: UInt32
        /// 0 marks a free slot; no name is empty.
        var nameCount: UInt32
        var index: Int32
    }

    private let slots: UnsafeMutableBufferPointer<Slot>
    private let bytes: UnsafeMutableRawBufferPointer

    /// - Parameter names: Per certificate its names; the first certificate with a name keeps it.
    init(_ names: [[String]]) {
        let normalized = names.map { $0.map { Array($0.lowercased().utf8) } }
        let count = normalized.joined().count
        var capacity = 4
        while capacity < count * 2 { capacity *= 2 }
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(nameOffset: 0, nameCount: 0, index: -1))
        bytes = .allocate(byteCount: normalized.joined().joined().count, alignment: 1)
        var offset = 0
        for (index, group) in normalized.enumerated() {
            for name in group where !name.isEmpty {
                name.withUnsafeBytes { source in
                    let slot = slot(of: source)
                    guard slots[slot].nameCount == 0 else { return }
                    let target = UnsafeMutableRawBufferPointer(
                        rebasing: bytes[offset..<offset + source.count])
                    target.copyMemory(from: source)
                    slots[slot] = Slot(
                        nameOffset: UInt32(offset), nameCount: UInt32(source.count),
                        index: Int32(index))
                    offset += source.count
                }
            }
        }
    }

    deinit {
        slots.deallocate()
        bytes.deallocate()
    }

    /// The certificate index for a lower-case name, -1 when there is none.
    func lookup(_ name: UnsafeMutableRawBufferPointer) -> Int {
        guard !name.isEmpty else { return -1 }
        let exact = slots[slot(of: UnsafeRawBufferPointer(name))].index
        if exact >= 0 { return Int(exact) }
        // "*.rest" is looked up by writing the star over the byte before the first dot.
        guard let dot = name.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return -1 }
        let saved = name[dot - 1]
        name[dot - 1] = UInt8(ascii: "*")
        let wildcard = UnsafeRawBufferPointer(rebasing: name[(dot - 1)...])
        let index = slots[slot(of: wildcard)].index
        name[dot - 1] = saved
        return Int(index)
    }

    /// The slot that holds `name`, or the free one where it belongs. At most half of the slots
    /// are in use, so the probe ends.
    private func slot(of name: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash(name)) & mask
        while slots[position].nameCount != 0 {
            let slot = slots[position]
            let stored = bytes[Int(slot.nameOffset)..<Int(slot.nameOffset + slot.nameCount)]
            if stored.elementsEqual(name) { return position }
            position = (position + 1) & mask
        }
        return position
    }

    /// FNV-1a. The table's names are ours, so a client cannot make chains longer.
    private func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return value ^ (value >> 32)
    }
}
