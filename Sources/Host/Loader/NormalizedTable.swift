// Tables of a plugin become full-size tables of the host's own: what both know, zeros for the rest.
internal import Base

/// A host-owned copy of one of a plugin's tables.
///
/// The copy is never freed: plugins stay loaded, and hooks are called through these tables for as
/// long as the process lives.
enum NormalizedTable<Table> {
    /// A member that must not be NULL.
    struct Mandatory {
        var name: String
        var member: PartialKeyPath<Table>
    }

    /// Copies a table whose members may all be absent; small ones come by value.
    static func copy(_ table: UnsafeRawPointer) -> Table {
        let memory = zeroed()
        defer { memory.deallocate() }
        let size = Int(table.loadUnaligned(as: UInt32.self))
        memory.copyMemory(from: table, byteCount: min(size, MemoryLayout<Table>.size))
        return memory.load(as: Table.self)
    }

    /// Copies and checks a table.
    ///
    /// - Parameter sizeMin: Bytes up to the end of the last member that no plugin may leave out.
    /// - Throws: The broken rule, as text.
    static func make(
        _ table: UnsafeRawPointer?, _ label: String, sizeMin: Int, mandatory: [Mandatory]
    ) throws(TableError) -> UnsafePointer<Table> {
        guard let table else { throw TableError(message: "\(label) is NULL") }
        guard UInt(bitPattern: table) % UInt(MemoryLayout<UInt32>.alignment) == 0 else {
            throw TableError(message: "\(label) is at an odd address")
        }
        let size = Int(table.load(as: UInt32.self))
        guard size >= sizeMin else {
            throw TableError(
                message: "\(label) says that it has \(size) bytes, expected at least \(sizeMin)")
        }
        guard size <= Limits.pluginTableBytesMax else {
            throw TableError(
                message: "\(label) says that it has \(size) bytes, "
                    + "expected at most \(Limits.pluginTableBytesMax)")
        }
        let memory = zeroed()
        memory.copyMemory(from: table, byteCount: min(size, MemoryLayout<Table>.size))
        do throws(TableError) {
            try require(mandatory, in: memory, label)
        } catch {
            memory.deallocate()
            throw error
        }
        return UnsafePointer(memory.bindMemory(to: Table.self, capacity: 1))
    }

    /// Looks at the words themselves: Swift believes that a non-null function pointer is one.
    private static func require(
        _ mandatory: [Mandatory], in memory: UnsafeMutableRawPointer, _ label: String
    ) throws(TableError) {
        for entry in mandatory {
            guard let offset = MemoryLayout<Table>.offset(of: entry.member),
                memory.load(fromByteOffset: offset, as: UInt.self) != 0
            else { throw TableError(message: "\(label).\(entry.name) is NULL") }
        }
    }

    private static func zeroed() -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<Table>.size, alignment: max(8, MemoryLayout<Table>.alignment))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Table>.size)
        return memory
    }
}

struct TableError: Error {
    var message: String
}
