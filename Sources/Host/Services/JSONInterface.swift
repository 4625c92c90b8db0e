// gw.json/1: JSON for plugins.
internal import Base
package import CGateway
private import Synchronization

/// Builds the table of `gw.json/1`. All [any].
package enum JSONInterface {
    /// The open documents. A handle is a slot below and a generation above 12 bits.
    fileprivate struct Documents {
        static let slotBits: UInt32 = 12
        private var slots: [(generation: UInt32, document: JSONDocument?)] = []
        private var free: [Int] = []

        mutating func add(_ document: JSONDocument) -> gw_json? {
            let slot: Int
            if let known = free.popLast() {
                slot = known
            } else if slots.count < Limits.jsonDocumentsMax {
                slots.append((0, nil))
                slot = slots.count - 1
            } else {
                return nil
            }
            let generation = slots[slot].generation % (1 << (32 - Self.slotBits) - 1) + 1
            slots[slot] = (generation, document)
            return generation << Self.slotBits | UInt32(slot)
        }

        func find(_ handle: gw_json) -> JSONDocument? {
            let slot = Int(handle & (1 << Self.slotBits - 1))
            guard slot < slots.count, slots[slot].generation == handle >> Self.slotBits else {
                return nil
            }
            return slots[slot].document
        }

        /// - Returns: The document, so that it is freed outside of the lock.
        mutating func remove(_ handle: gw_json) -> JSONDocument? {
            guard let document = find(handle) else { return nil }
            let slot = Int(handle & (1 << Self.slotBits - 1))
            slots[slot].document = nil
            free.append(slot)
            return document
        }
    }

    fileprivate static let documents = Mutex(Documents())

    /// Makes the table; valid as long as the process lives.
    package static func makeTable() -> UnsafePointer<gw_host_json> {
        HostTable.make(
            gw_host_json(
                struct_size: UInt32(MemoryLayout<gw_host_json>.size), rev: 1, open: openDocument,
                get: getValue, name: getName, close: closeDocument))
    }
}

private func openDocument(_ text: gw_view, _ out: UnsafeMutablePointer<gw_json>) -> gw_status {
    out.pointee = 0
    guard text.isSensible else { return GW_E_INVALID }
    let document: JSONDocument
    do throws(JSONDocumentError) {
        document = try JSONDocument(text.bytes)
    } catch {
        return switch error.kind {
        case .invalid: GW_E_INVALID
        case .limit: GW_E_LIMIT
        }
    }
    guard let handle = JSONInterface.documents.withLock({ $0.add(document) }) else {
        return GW_E_LIMIT
    }
    out.pointee = handle
    return GW_OK
}

/// The document and the node that a pointer names.
private func find(
    _ handle: gw_json, _ pointer: gw_view
) -> (document: JSONDocument, node: Int)? {
    guard pointer.isSensible, let document = JSONInterface.documents.withLock({ $0.find(handle) }),
        let node = document.find(pointer.bytes)
    else { return nil }
    return (document, node)
}

private func getValue(
    _ handle: gw_json, _ pointer: gw_view, _ out: UnsafeMutablePointer<gw_json_value>
) -> gw_status {
    guard let (document, index) = find(handle, pointer) else { return missing(handle) }
    let node = document.node(index)
    let text = document.bytes(of: index)
    var value = gw_json_value()
    value.struct_size = UInt32(MemoryLayout<gw_json_value>.size)
    value.rev = 1
    value.type = node.kind.rawValue
    value.count = UInt32(clamping: node.count)
    switch node.kind {
    case .string: value.text = gw_view(ptr: text.baseAddress, len: text.count)
    case .number:
        value.text = gw_view(ptr: text.baseAddress, len: text.count)
        let digits = String(decoding: text, as: UTF8.self)
        value.number = Double(digits) ?? 0
        value.integer = Int64(digits) ?? Int64(exactly: value.number) ?? 0
    case .bool:
        value.integer = text.first == UInt8(ascii: "t") ? 1 : 0
    case .null, .array, .object: break
    }
    write(value, to: out)
    return GW_OK
}

/// Fills what the caller knows of the value: its `struct_size` says how much that is.
private func write(_ value: gw_json_value, to out: UnsafeMutablePointer<gw_json_value>) {
    let stated = Int(out.pointee.struct_size)
    let size = stated == 0 ? MemoryLayout<gw_json_value>.size : stated
    withUnsafeBytes(of: value) { bytes in
        UnsafeMutableRawPointer(out).copyMemory(
            from: bytes.baseAddress.unsafelyUnwrapped,
            byteCount: min(size, MemoryLayout<gw_json_value>.size))
    }
}

private func getName(
    _ handle: gw_json, _ pointer: gw_view, _ index: UInt32, _ out: UnsafeMutablePointer<gw_view>
) -> gw_status {
    out.pointee = gw_view(ptr: nil, len: 0)
    guard let (document, object) = find(handle, pointer) else { return missing(handle) }
    guard let name = document.name(of: object, at: Int(index)) else { return GW_E_NOT_FOUND }
    let text = document.bytes(of: name)
    out.pointee = gw_view(ptr: text.baseAddress, len: text.count)
    return GW_OK
}

private func missing(_ handle: gw_json) -> gw_status {
    JSONInterface.documents.withLock { $0.find(handle) == nil } ? GW_E_STALE : GW_E_NOT_FOUND
}

private func closeDocument(_ handle: gw_json) {
    let document = JSONInterface.documents.withLock { $0.remove(handle) }
    withExtendedLifetime(document) {}
}
