// Tables that the host gives to plugins, and the views that come back.
internal import CGateway

enum HostTable {
    /// Moves a table to memory that lives as long as the process.
    static func make<Table>(_ table: Table) -> UnsafePointer<Table> {
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        memory.initialize(to: table)
        return UnsafePointer(memory)
    }
}

extension gw_view {
    /// Whether memory could hold it.
    var isSensible: Bool { len <= Int.max / 2 && (ptr != nil || len == 0) }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: ptr, count: len) }
}
