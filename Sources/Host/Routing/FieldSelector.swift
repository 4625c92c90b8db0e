// Finding fields of a message by a name that the configuration gave.
package import CGateway

/// A field name, ready to be looked up. An id finds fields quickly; the name finds those of
/// messages that were read before the id existed.
package struct FieldSelector: Sendable {
    private let id: UInt16
    private let name: OwnedBytes

    package init(_ name: String, names: NameRegistry) {
        id = names.internFieldName(name)
        self.name = OwnedBytes(Array(name.utf8))
    }

    init(id: UInt16, name: String) {
        self.id = id
        self.name = OwnedBytes(Array(name.utf8))
    }

    /// The first field at or behind `start` with this name; nil when there is none.
    package func index(in fields: borrowing gw_fields, from start: Int = 0) -> Int? {
        guard let table = fieldTable(fields), let base = fields.base else { return nil }
        var index = start
        while index < Int(fields.count) {
            let field = table[index]
            if field.name_id != 0 ? field.name_id == id : matches(field.name, base) { return index }
            index += 1
        }
        return nil
    }

    /// The value of the first field with this name, valid until the message is changed.
    package func value(in fields: borrowing gw_fields) -> Bytes? {
        guard let index = index(in: fields) else { return nil }
        return fieldValue(fields, at: index)
    }

    private func matches(_ ref: gw_ref, _ base: UnsafePointer<UInt8>) -> Bool {
        Bytes(start: base + Int(ref.off), count: Int(ref.len)).isEqualIgnoringCase(name.view)
    }
}

@inline(__always)
private func fieldTable(_ fields: borrowing gw_fields) -> UnsafePointer<gw_field>? {
    guard let base = fields.base else { return nil }
    return UnsafeRawPointer(base + Int(fields.fields_off)).assumingMemoryBound(to: gw_field.self)
}

/// The value of the field at `index`, which must be below `fields.count`.
package func fieldValue(_ fields: borrowing gw_fields, at index: Int) -> Bytes {
    guard let table = fieldTable(fields), let base = fields.base else { return .empty }
    let ref = table[index].value
    return Bytes(start: base + Int(ref.off), count: Int(ref.len))
}
