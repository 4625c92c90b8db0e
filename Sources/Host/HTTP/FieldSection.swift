// Reading and changing the fields of a message; what the ABI's field calls stand on.
package import CGateway

/// Operations on a section that is registered with a `MessageBlock`. Each one that changes the
/// section may move the block: base and refs are read anew afterwards. None allocates unless the
/// block must grow.
package enum FieldSection {
    /// - Returns: Index of the first field of that name from `start` on, nil without one.
    @inline(__always)
    package static func index(
        _ section: UnsafePointer<gw_fields>, of id: UInt16, from start: Int = 0
    ) -> Int? {
        let count = Int(section.pointee.count)
        guard start < count else { return nil }
        let fields = table(section)
        for index in start..<count where fields[index].name_id == id { return index }
        return nil
    }

    /// - Returns: The first value, valid until the block is changed; nil when there is none.
    package static func get(
        _ section: UnsafePointer<gw_fields>, _ id: UInt16
    ) -> UnsafeBufferPointer<UInt8>? {
        index(section, of: id).map { value(section, at: $0) }
    }

    /// The value of the field at an index that is in range.
    @inline(__always)
    package static func value(
        _ section: UnsafePointer<gw_fields>, at index: Int
    ) -> UnsafeBufferPointer<UInt8> {
        text(section, table(section)[index].value)
    }

    /// The name's id of the field at an index that is in range.
    @inline(__always)
    package static func id(_ section: UnsafePointer<gw_fields>, at index: Int) -> UInt16 {
        table(section)[index].name_id
    }

    /// The name of the field at an index that is in range.
    @inline(__always)
    package static func name(
        _ section: UnsafePointer<gw_fields>, at index: Int
    ) -> UnsafeBufferPointer<UInt8> {
        text(section, table(section)[index].name)
    }

    /// Replaces every field of a name by one, in place of the first, else at the end.
    package static func set(
        _ section: UnsafeMutablePointer<gw_fields>, _ id: UInt16,
        _ value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        guard let first = index(section, of: id) else {
            return try add(section, id, value)
        }
        try setAt(section, first, value)
        removeAll(section, from: first + 1) { $0.name_id == id }
    }

    package static func add(
        _ section: UnsafeMutablePointer<gw_fields>, _ id: UInt16,
        _ value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        let name = FieldNames.spelling(id)
        guard !name.isEmpty else { throw .invalidName }
        try append(section, id, name, value)
    }

    /// Adds a field by its name; for names that are known at run time only.
    package static func addNamed(
        _ section: UnsafeMutablePointer<gw_fields>, name: UnsafeBufferPointer<UInt8>,
        value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        guard let start = name.baseAddress, !name.isEmpty,
            all(start, name.count, are: ByteClass.token)
        else { throw .invalidName }
        try append(section, FieldNames.lookup(start, name.count), name, value)
    }

    /// Replaces the value of one field.
    package static func setAt(
        _ section: UnsafeMutablePointer<gw_fields>, _ index: Int,
        _ value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        guard index >= 0 && index < Int(section.pointee.count) else { throw .notFound }
        guard let block = MessageBlock.owner(of: section) else { throw .noSpace }
        try checkValue(value)
        let ref = try block.append(UnsafeRawBufferPointer(value))
        let fields = MessageBlock.table(section)
        fields[index].value = ref
        fields[index].flags = 0
    }

    /// Removes every field of a name.
    package static func remove(
        _ section: UnsafeMutablePointer<gw_fields>, _ id: UInt16
    ) throws(FieldError) {
        guard removeAll(section, from: 0, where: { $0.name_id == id }) > 0 else {
            throw .notFound
        }
    }

    /// Removes the fields whose name matches: "X-*", "*-Id", "*x*", or the whole name.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package static func removeMatching(
        _ section: UnsafeMutablePointer<gw_fields>, _ pattern: UnsafeBufferPointer<UInt8>
    ) -> Int {
        guard let pattern = NamePattern(pattern), let base = section.pointee.base else {
            return 0
        }
        return removeAll(section, from: 0) {
            pattern.matches(base + Int($0.name.off), Int($0.name.len))
        }
    }

    /// Copies the fields that may travel on into another section, of this or of another block.
    /// Fields of one connection stay behind (RFC 9110 §7.6.1): those that Connection names and
    /// those that are so by definition; TE keeps its "trailers" alone.
    package static func copyEndToEnd(
        from source: UnsafePointer<gw_fields>, to section: UnsafeMutablePointer<gw_fields>
    ) throws(FieldError) {
        guard let block = MessageBlock.owner(of: section) else { throw .noSpace }
        try block.growTable(section, by: Int(source.pointee.count))
        let isSameBlock = source.pointee.owner == section.pointee.owner
        for index in 0..<Int(source.pointee.count) {
            var field = table(source)[index]
            guard let base = source.pointee.base, HopByHop.keeps(&field, base) else { continue }
            if !isSameBlock {
                let name = text(source, field.name)
                let value = text(source, field.value)
                field.name = try block.append(UnsafeRawBufferPointer(name))
                field.value = try block.append(UnsafeRawBufferPointer(value))
            }
            MessageBlock.table(section)[Int(section.pointee.count)] = field
            section.pointee.count += 1
        }
    }

    /// Gives a section the fields that `MessageBlock.keep` noted; false when it has no room.
    package static func restore(
        _ section: UnsafeMutablePointer<gw_fields>, from kept: UnsafeMutablePointer<gw_fields>
    ) -> Bool {
        guard kept.pointee.count <= section.pointee.capacity else { return false }
        MessageBlock.table(section).update(
            from: MessageBlock.table(kept), count: Int(kept.pointee.count))
        section.pointee.count = kept.pointee.count
        return true
    }

    /// Removes the fields that must not travel on (RFC 9110 §7.6.1), in place.
    package static func removeHopByHop(_ section: UnsafeMutablePointer<gw_fields>) {
        guard let base = section.pointee.base else { return }
        let fields = MessageBlock.table(section)
        var kept = 0
        for index in 0..<Int(section.pointee.count) {
            var field = fields[index]
            guard HopByHop.keeps(&field, base) else { continue }
            fields[kept] = field
            kept += 1
        }
        section.pointee.count = UInt32(kept)
    }

    @inline(__always)
    static func table(_ section: UnsafePointer<gw_fields>) -> UnsafePointer<gw_field> {
        let base = UnsafeRawPointer(section.pointee.base.unsafelyUnwrapped)
        return (base + Int(section.pointee.fields_off)).assumingMemoryBound(to: gw_field.self)
    }

    @inline(__always)
    private static func text(
        _ section: UnsafePointer<gw_fields>, _ ref: gw_ref
    ) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: section.pointee.base.unsafelyUnwrapped + Int(ref.off), count: Int(ref.len))
    }

    private static func append(
        _ section: UnsafeMutablePointer<gw_fields>, _ id: UInt16,
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        guard let owner = section.pointee.owner else { throw .noSpace }
        try checkValue(value)
        // Borrowed: a strong reference would cost two atomic steps for each field.
        let failure = Unmanaged<MessageBlock>.fromOpaque(owner)._withUnsafeGuaranteedRef { block in
            append(section, in: block, id, name, value)
        }
        if let failure { throw failure }
    }

    private static func append(
        _ section: UnsafeMutablePointer<gw_fields>, in block: MessageBlock, _ id: UInt16,
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) -> FieldError? {
        do throws(FieldError) {
            let refs = try block.append(
                UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value))
            try block.growTable(section, by: 1)
            MessageBlock.table(section)[Int(section.pointee.count)] = gw_field(
                name_id: id, flags: 0, name: refs.0, value: refs.1)
            section.pointee.count += 1
            return nil
        } catch {
            return error
        }
    }

    private static func checkValue(
        _ value: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) {
        if let start = value.baseAddress, !isFieldValue(start, value.count) {
            throw .invalidValue
        }
    }

    @inline(__always) @discardableResult
    private static func removeAll(
        _ section: UnsafeMutablePointer<gw_fields>, from start: Int,
        where isRemoved: (gw_field) -> Bool
    ) -> Int {
        let count = Int(section.pointee.count)
        guard start < count else { return 0 }
        let fields = MessageBlock.table(section)
        var kept = start
        for index in start..<count where !isRemoved(fields[index]) {
            if kept != index { fields[kept] = fields[index] }
            kept += 1
        }
        section.pointee.count = UInt32(kept)
        return count - kept
    }
}

/// A field name with a star at either end, compared without regard to case.
struct NamePattern {
    private let text: UnsafePointer<UInt8>
    private let count: Int
    private let isOpenAtStart: Bool
    private let isOpenAtEnd: Bool

    init?(_ pattern: UnsafeBufferPointer<UInt8>) {
        guard let start = pattern.baseAddress, !pattern.isEmpty else { return nil }
        let star: UInt8 = 0x2a
        isOpenAtStart = start[0] == star
        isOpenAtEnd = pattern.count > 1 && start[pattern.count - 1] == star
        text = isOpenAtStart ? start + 1 : start
        count = pattern.count - (isOpenAtStart ? 1 : 0) - (isOpenAtEnd ? 1 : 0)
    }

    func matches(_ name: UnsafePointer<UInt8>, _ nameCount: Int) -> Bool {
        guard nameCount >= count else { return false }
        switch (isOpenAtStart, isOpenAtEnd) {
        case (false, false):
            return nameCount == count && equalsIgnoringCase(name, text, count)
        case (false, true):
            return equalsIgnoringCase(name, text, count)
        case (true, false):
            return equalsIgnoringCase(name + (nameCount - count), text, count)
        case (true, true):
            for offset in 0...(nameCount - count)
            where equalsIgnoringCase(name + offset, text, count) {
                return true
            }
            return false
        }
    }
}
