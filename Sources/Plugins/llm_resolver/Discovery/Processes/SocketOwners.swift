// Which process has a listening socket open. Found by reading the open files of processes, which is
// the dear part of a look: done for sockets that are new only.

#if os(Linux)
/// Remembers owners between looks. Used by one thread at a time.
struct SocketOwners {
    private let files: ProcessFiles
    private var owners: [UInt64: Int32] = [:]
    /// Looked for and not found, with the time of the attempt: sockets of other users, of the kernel.
    private var ownerless: [UInt64: UInt64] = [:]
    /// The processes of the last search, which are searched last: a new socket mostly belongs to
    /// a new process.
    private var searched: Set<Int32> = []

    init(_ files: ProcessFiles) {
        self.files = files
    }

    /// Owners by the number of the socket; one without an entry belongs to nobody we may see.
    mutating func owners(of sockets: [ListeningSocket], now: UInt64) -> [UInt64: Int32] {
        let inodes = Set(sockets.lazy.map(\.inode).filter { $0 != 0 })
        var isAlive: [Int32: Bool] = [:]
        owners = owners.filter { inode, process in
            guard inodes.contains(inode) else { return false }
            if let known = isAlive[process] { return known }
            let alive = files.isAlive(process)
            isAlive[process] = alive
            return alive
        }
        ownerless = ownerless.filter {
            inodes.contains($0.key) && now &- $0.value < DiscoveryLimits.factsFor
        }
        let wanted = inodes.filter { owners[$0] == nil && ownerless[$0] == nil }
        if !wanted.isEmpty { search(wanted, now) }
        return owners
    }

    private mutating func search(_ wanted: Set<UInt64>, _ now: UInt64) {
        var wanted = wanted
        var found: [UInt64: Int32] = [:]
        let processes = files.processIDs()
        let order =
            processes.filter { !searched.contains($0) } + processes.filter { searched.contains($0) }
        for process in order where !wanted.isEmpty {
            files.forEachSocket(of: process) { inode in
                if wanted.remove(inode) != nil { found[inode] = process }
                return !wanted.isEmpty
            }
        }
        searched = Set(processes)
        for inode in wanted { ownerless[inode] = now }
        for (inode, process) in climbed(found) { owners[inode] = process }
    }

    /// The first process of those that share a socket: of a server with workers the master, which
    /// is what somebody started. A service manager that opened a socket for a service is not it.
    private func climbed(_ found: [UInt64: Int32]) -> [UInt64: Int32] {
        var result = found
        var left = found
        var sockets: [Int32: Set<UInt64>] = [:]
        for _ in 0..<DiscoveryLimits.parentsMax where !left.isEmpty {
            var parents: [Int32: Int32] = [:]
            for process in Set(left.values) { parents[process] = files.parent(of: process) ?? 0 }
            left = left.compactMapValues { parents[$0] }
                .filter { inode, parent in
                    guard parent > 1 else { return false }
                    if sockets[parent] == nil { sockets[parent] = socketsOf(parent) }
                    return sockets[parent]?.contains(inode) == true
                }
            result.merge(left) { _, parent in parent }
        }
        return result
    }

    private func socketsOf(_ process: Int32) -> Set<UInt64> {
        guard files.command(of: process) != "systemd" else { return [] }
        var sockets: Set<UInt64> = []
        files.forEachSocket(of: process) { inode in
            sockets.insert(inode)
            return true
        }
        return sockets
    }
}
#endif
