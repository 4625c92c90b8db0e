// A JSON text of a request, read by JSON Pointer without making Swift values of it. [any]
import CGateway

/// A parsed document that belongs to one owner and is closed with it.
public struct JSONDocument: ~Copyable {
    private let handle: gw_json
    private let table: UnsafePointer<gw_host_json>

    /// - Throws: `invalid` when it is no JSON, `limit` when it is too deep or too large.
    public init(_ text: Bytes) throws(Status) {
        guard let table = Host.json else { throw .unsupported }
        var handle: gw_json = 0
        try Status.check(table.pointee.open(text.view, &handle))
        self.handle = handle
        self.table = table
    }

    deinit { table.pointee.close(handle) }

    /// A value in a document. Text is valid until the document is closed.
    public enum Value {
        case null
        case bool(Bool)
        case number(Double, integer: Int64)
        case string(Bytes)
        case array(count: Int)
        case object(count: Int)
    }

    /// The value at a JSON Pointer (RFC 6901), the whole for ""; nil when there is none.
    public func value(_ pointer: Bytes) -> Value? {
        var value = gw_json_value()
        value.struct_size = UInt32(MemoryLayout<gw_json_value>.size)
        guard table.pointee.get(handle, pointer.view, &value) == GW_OK else { return nil }
        switch Int32(value.type) {
        case GW_JSON_BOOL: return .bool(value.integer != 0)
        case GW_JSON_NUMBER: return .number(value.number, integer: value.integer)
        case GW_JSON_STRING: return .string(Bytes(value.text))
        case GW_JSON_ARRAY: return .array(count: Int(value.count))
        case GW_JSON_OBJECT: return .object(count: Int(value.count))
        default: return .null
        }
    }

    public func string(_ pointer: Bytes) -> Bytes? {
        if case .string(let text) = value(pointer) { text } else { nil }
    }

    public func bool(_ pointer: Bytes) -> Bool? {
        if case .bool(let bool) = value(pointer) { bool } else { nil }
    }

    public func integer(_ pointer: Bytes) -> Int64? {
        if case .number(_, let integer) = value(pointer) { integer } else { nil }
    }

    /// Name of a member of the object at a pointer, by index, in sorted order.
    public func name(at index: Int, in pointer: Bytes) -> Bytes? {
        var name = gw_view()
        let code = table.pointee.name(handle, pointer.view, UInt32(index), &name)
        return code == GW_OK ? Bytes(name) : nil
    }
}

extension JSONDocument {
    /// Whether a text is JSON. Parses it, so the cost grows with its length.
    public static func isValid(_ text: Bytes) -> Bool {
        (try? JSONDocument(text)) != nil
    }
}
