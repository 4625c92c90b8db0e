// The memory of one message: head bytes, field tables and appended text, addressed by offsets.
import Base
package import CGateway

/// What can go wrong when a field section is changed.
package enum FieldError: UInt8, Error {
    /// The name is no token (RFC 9110 §5.1).
    case invalidName
    /// The value holds CR, LF, NUL or another control (RFC 9110 §5.5).
    case invalidValue
    /// `Limits.messageBlockBytesMax` is reached.
    case noSpace
    case notFound
}

/// Bytes that the refs of a message count from. Field tables lie among the bytes; the `gw_fields`
/// that describe them stay with their owner and are registered here, so that they follow when the
/// memory moves. One thread at a time; recycled with `reset`.
package final class MessageBlock {
    private static let startBytes = 2048
    private static let keptBytesMax = 16 * 1024
    private static let sectionsMax = 4
    private static let spareFields = 12

    package private(set) var base: UnsafeMutableRawPointer
    package private(set) var used = 0
    private var capacity = MessageBlock.startBytes
    private let sections: UnsafeMutablePointer<UnsafeMutablePointer<gw_fields>>
    private var sectionCount = 0

    package init() {
        base = .allocate(byteCount: Self.startBytes, alignment: 16)
        sections = .allocate(capacity: Self.sectionsMax)
    }

    deinit {
        base.deallocate()
        sections.deallocate()
    }

    /// The block of a registered section. The section does not keep it alive.
    package static func owner(of section: UnsafePointer<gw_fields>) -> MessageBlock? {
        section.pointee.owner.map { Unmanaged<MessageBlock>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Forgets contents and sections; gives memory back that one large message needed.
    package func reset() {
        for index in 0..<sectionCount { sections[index].pointee = gw_fields() }
        sectionCount = 0
        used = 0
        if capacity > Self.keptBytesMax {
            base.deallocate()
            base = .allocate(byteCount: Self.startBytes, alignment: 16)
            capacity = Self.startBytes
        }
    }

    // MARK: For the checking host

    /// Fills everything with a pattern. `reset` follows.
    package func poison() {
        LentMemory.poison(UnsafeMutableRawBufferPointer(start: base, count: capacity))
    }

    /// Moves to other memory, so that what was not read anew after a change shows.
    package func move() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        memory.copyMemory(from: base, byteCount: used)
        LentMemory.takeBack(UnsafeMutableRawBufferPointer(start: base, count: capacity))
        base = memory
        refreshSections()
    }

    // MARK: Contents

    /// Takes a parsed head in: its bytes at offset 0, so that every ref stays valid, and its field
    /// table behind them.
    ///
    /// - Parameter section: Registered until `reset`; must not move.
    package func adopt(
        head: UnsafePointer<UInt8>, headBytes: Int,
        fields: UnsafePointer<gw_field>, count: Int,
        section: UnsafeMutablePointer<gw_fields>
    ) throws(FieldError) {
        precondition(used == 0, "a head is adopted by an empty block")
        let tableBytes = (count + Self.spareFields) * MemoryLayout<gw_field>.stride
        try reserve(headBytes + 4 + tableBytes)
        base.copyMemory(from: head, byteCount: headBytes)
        used = headBytes
        try register(section, capacity: count + Self.spareFields)
        Self.table(section).update(from: fields, count: count)
        section.pointee.count = UInt32(count)
    }

    /// Takes a request head in and completes what the parser could not say with offsets alone: an
    /// absolute target without a path stands for "/", or for "*" with OPTIONS (RFC 9112 §3.2.4).
    package func adoptRequest(
        _ bytes: UnsafePointer<UInt8>, _ head: inout RequestHead,
        fields: UnsafePointer<gw_field>, section: UnsafeMutablePointer<gw_fields>
    ) throws(FieldError) {
        try adopt(
            head: bytes, headBytes: head.headBytes, fields: fields, count: head.fieldCount,
            section: section)
        if head.needsRootPath {
            let slash = try append("/")
            let text = UnsafeRawPointer(base + Int(head.uri.off))
            _ = try append(UnsafeRawBufferPointer(start: text, count: Int(head.uri.len)))
            head.uri = gw_ref(off: slash.off, len: head.uri.len + 1)
            head.path = slash
            head.needsRootPath = false
        } else if head.form == .absolute && head.methodID == UInt8(GW_METHOD_OPTIONS)
            && head.path.off < head.host.off
        {
            head.uri = try append("*")
            head.path = head.uri
        }
    }

    /// Gives a section an empty table in this block. At most four sections live in one block.
    package func register(
        _ section: UnsafeMutablePointer<gw_fields>, capacity fieldCapacity: Int = 16
    ) throws(FieldError) {
        precondition(sectionCount < Self.sectionsMax, "too many field sections in one block")
        let offset = try allocateTable(fieldCapacity)
        section.pointee = gw_fields(
            base: nil, block_size: 0, fields_off: offset, count: 0,
            capacity: UInt32(fieldCapacity), owner: Unmanaged.passUnretained(self).toOpaque())
        sections[sectionCount] = section
        sectionCount += 1
        refreshSections()
    }

    /// Notes the fields of a section of this block in another one, which is registered for them.
    /// What is changed afterwards is changed in one of them only.
    package func keep(
        _ section: UnsafeMutablePointer<gw_fields>, in copy: UnsafeMutablePointer<gw_fields>
    ) throws(FieldError) {
        try register(copy, capacity: max(1, Int(section.pointee.count)))
        Self.table(copy).update(from: Self.table(section), count: Int(section.pointee.count))
        copy.pointee.count = section.pointee.count
    }

    /// Appends text. It may lie in this very block.
    package func append(_ text: UnsafeRawBufferPointer) throws(FieldError) -> gw_ref {
        try append(text, UnsafeRawBufferPointer(start: nil, count: 0)).0
    }

    /// Appends two texts, each of which may lie in this very block.
    func append(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(FieldError) -> (gw_ref, gw_ref) {
        let before = UnsafeRawPointer(base)
        let usedBefore = used
        try reserve(first.count + second.count)
        let refs = (
            copyIn(first, before, usedBefore),
            copyIn(second, before, usedBefore)
        )
        refreshSections()
        return refs
    }

    /// - Parameters:
    ///   - before: Where the block was when the caller took `text`: it may have moved since.
    ///   - usedBefore: How much of it was in use then.
    private func copyIn(
        _ text: UnsafeRawBufferPointer, _ before: UnsafeRawPointer, _ usedBefore: Int
    ) -> gw_ref {
        let ref = gw_ref(off: UInt32(used), len: UInt32(text.count))
        guard let start = text.baseAddress, text.count > 0 else { return ref }
        let inside = start - before
        let isInside = inside >= 0 && inside < usedBefore
        (base + used).copyMemory(
            from: isInside ? UnsafeRawPointer(base + inside) : start, byteCount: text.count)
        used += text.count
        return ref
    }

    package func append(_ text: StaticString) throws(FieldError) -> gw_ref {
        try append(
            UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Makes room for `count` fields more in a section, moving its table when it must.
    func growTable(
        _ section: UnsafeMutablePointer<gw_fields>, by count: Int
    ) throws(FieldError) {
        let needed = Int(section.pointee.count) + count
        guard needed > Int(section.pointee.capacity) else { return }
        let grown = max(needed, Int(section.pointee.capacity) * 2)
        let offset = try allocateTable(grown)
        (base + Int(offset)).copyMemory(
            from: base + Int(section.pointee.fields_off),
            byteCount: Int(section.pointee.count) * MemoryLayout<gw_field>.stride)
        section.pointee.fields_off = offset
        section.pointee.capacity = UInt32(grown)
    }

    @inline(__always)
    static func table(
        _ section: UnsafeMutablePointer<gw_fields>
    ) -> UnsafeMutablePointer<gw_field> {
        let base = UnsafeMutableRawPointer(mutating: section.pointee.base.unsafelyUnwrapped)
        return (base + Int(section.pointee.fields_off)).assumingMemoryBound(to: gw_field.self)
    }

    private func allocateTable(_ fieldCapacity: Int) throws(FieldError) -> UInt32 {
        let padding = -used & 3
        let byteCount = fieldCapacity * MemoryLayout<gw_field>.stride
        try reserve(padding + byteCount)
        let offset = used + padding
        used = offset + byteCount
        refreshSections()
        return UInt32(offset)
    }

    private func reserve(_ byteCount: Int) throws(FieldError) {
        guard used + byteCount > capacity else { return }
        guard used + byteCount <= Limits.messageBlockBytesMax else { throw .noSpace }
        var grown = capacity
        while grown < used + byteCount { grown *= 2 }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
        memory.copyMemory(from: base, byteCount: used)
        base.deallocate()
        base = memory
        capacity = grown
        refreshSections()
    }

    private func refreshSections() {
        for index in 0..<sectionCount {
            sections[index].pointee.base = UnsafePointer(
                base.assumingMemoryBound(to: UInt8.self))
            sections[index].pointee.block_size = UInt32(used)
        }
    }
}
