// Reads /proc. May block for a moment; not for a loop.

#if os(Linux)
internal import Glibc

struct ProcessFiles: Sendable {
    /// "/proc", or a folder like it in tests.
    let root: String

    static let system = ProcessFiles(root: "/proc")

    /// The text tables of listening and other TCP sockets; missing ones are left out.
    var socketTables: [[UInt8]] {
        ["net/tcp", "net/tcp6"].compactMap {
            OpenFile("\(root)/\($0)")?.bytes(atMost: DiscoveryLimits.socketTableBytesMax)
        }
    }

    /// All processes that are visible here, highest number first.
    func processIDs() -> [Int32] {
        var ids: [Int32] = []
        forEachEntry(of: root) { name in
            if let id = Self.number(name) { ids.append(id) }
            return true
        }
        return ids.sorted(by: >)
    }

    /// Calls `body` with the number of every socket that the process has open until it answers
    /// false. A process that may not be looked at has none.
    func forEachSocket(of process: Int32, _ body: (UInt64) -> Bool) {
        var left = DiscoveryLimits.filesPerProcessMax
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { link in
            forEachEntry(of: "\(root)/\(process)/fd") { name, folder in
                left -= 1
                let count = readlinkat(
                    folder, name,
                    link.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self),
                    link.count)
                if count > 0,
                    let inode = ProcessStatus.socketInode(
                        UnsafeRawBufferPointer(rebasing: link[..<count])),
                    !body(inode)
                {
                    return false
                }
                return left > 0
            }
        }
    }

    /// nil when the process has ended.
    func facts(of process: Int32) -> ProcessFacts? {
        let folder = "\(root)/\(process)"
        guard let status = ProcessStatus.parentAndStart(read("\(folder)/stat")) else { return nil }
        let words = CommandLine.words(
            read("\(folder)/cmdline", atMost: DiscoveryLimits.commandLineBytesMax))
        let directory = linkTarget("\(folder)/cwd")
        return ProcessFacts(
            processID: process, parentID: status.parent, startTime: status.start,
            command: status.command, arguments: CommandLine.text(words),
            workingDirectory: directory.map(CommandLine.cleaned),
            executable: linkTarget("\(folder)/exe").map(CommandLine.cleaned),
            packageName: directory == nil ? nil : PackageManifest.name(in: "\(folder)/cwd"),
            containerID: ProcessStatus.containerID(read("\(folder)/cgroup")))
    }

    /// nil when the process has ended. About 10 µs.
    func startTime(of process: Int32) -> UInt64? {
        ProcessStatus.parentAndStart(read("\(root)/\(process)/stat"))?.start
    }

    func command(of process: Int32) -> String? {
        ProcessStatus.parentAndStart(read("\(root)/\(process)/stat"))?.command
    }

    func parent(of process: Int32) -> Int32? {
        ProcessStatus.parentAndStart(read("\(root)/\(process)/stat"))?.parent
    }

    /// Whether there is a process of that number at all.
    func isAlive(_ process: Int32) -> Bool {
        root == "/proc" ? kill(process, 0) == 0 || errno == EPERM : parent(of: process) != nil
    }

    private func read(
        _ path: String, atMost count: Int = DiscoveryLimits.statusBytesMax
    ) -> [UInt8] {
        OpenFile(path)?.bytes(atMost: count) ?? []
    }

    private func forEachEntry(of path: String, _ body: (UnsafePointer<CChar>) -> Bool) {
        forEachEntry(of: path) { name, _ in body(name) }
    }

    private func forEachEntry(
        of path: String, _ body: (_ name: UnsafePointer<CChar>, _ folder: Int32) -> Bool
    ) {
        guard let folder = opendir(path) else { return }
        defer { closedir(folder) }
        let descriptor = dirfd(folder)
        while let entry = readdir(folder) {
            let goesOn = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    name.pointee == CChar(UInt8(ascii: ".")) || body(name, descriptor)
                }
            }
            guard goesOn else { return }
        }
    }

    private static func number(_ name: UnsafePointer<CChar>) -> Int32? {
        var value: Int32 = 0
        var position = name
        while position.pointee != 0 {
            let digit = Int32(position.pointee) - 48
            guard (0...9).contains(digit), value < 100_000_000 else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return position == name ? nil : value
    }
}
#endif
