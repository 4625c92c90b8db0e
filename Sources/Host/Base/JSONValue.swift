// A JSON document as a value: what the control plane reads, adapts and hands to plugins.

/// A JSON value (RFC 8259). Control plane only; never on a worker's request path.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

package struct JSONError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

extension JSONValue {
    /// Parses one JSON text, as strictly as `JSONDocument`. A number without a fraction that fits
    /// is an `int`, however it is written.
    ///
    /// - Throws: `JSONError` that says what was wrong and where.
    package init(parsing text: some Sequence<UInt8>) throws(JSONError) {
        let text = Array(text)
        let outcome = text.withUnsafeBufferPointer { bytes in
            Result { () throws(JSONDocumentError) in
                let document = try JSONDocument(bytes)
                return try document.value(of: 0)
            }
        }
        do throws(JSONDocumentError) {
            self = try outcome.get()
        } catch {
            let before = text.prefix(error.offset)
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            throw JSONError(
                description: "invalid JSON: line \(line), column \(column): \(error.message)")
        }
    }

    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: text.utf8)
    }

    /// The JSON text with sorted keys, so that equal values give equal bytes.
    package func serialized() -> String {
        var writer = JSONWriter()
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONDocument {
    /// A node and all below it.
    ///
    /// - Throws: `JSONDocumentError` for a number beyond the range of `Double`.
    fileprivate func value(of index: Int) throws(JSONDocumentError) -> JSONValue {
        let node = node(index)
        switch node.kind {
        case .null: return .null
        case .bool: return .bool(bytes(of: index).first == UInt8(ascii: "t"))
        case .number: return try number(of: index)
        case .string: return .string(text(of: index))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(node.count)
            var next = index + 1
            for _ in 0..<node.count {
                elements.append(try value(of: next))
                next = self.node(next).end
            }
            return .array(elements)
        case .object:
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(node.count)
            var name = index + 1
            for _ in 0..<node.count {
                members[text(of: name)] = try value(of: name + 1)
                name = self.node(name + 1).end
            }
            return .object(members)
        }
    }

    private func number(of index: Int) throws(JSONDocumentError) -> JSONValue {
        let digits = text(of: index)
        if let value = Int64(digits) { return .int(value) }
        guard let value = Double(digits), value.isFinite else {
            throw JSONDocumentError(
                kind: .limit, offset: node(index).start, message: "\(digits) is out of range")
        }
        return Int64(exactly: value).map(JSONValue.int) ?? .double(value)
    }

    private func text(of index: Int) -> String { String(decoding: bytes(of: index), as: UTF8.self) }
}

extension JSONValue {
    package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var objectValue: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }
    package var intValue: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The member of an object, nil when this is no object or has no such key.
    package subscript(key: String) -> JSONValue? { objectValue?[key] }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package typealias Key = String
    package typealias Value = JSONValue
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}
