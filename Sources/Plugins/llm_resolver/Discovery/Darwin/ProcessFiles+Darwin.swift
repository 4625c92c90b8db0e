// Sockets and processes of macOS, by libproc. Not compiled yet.

#if os(macOS)
internal import Darwin

/// What Linux has in /proc.
struct ProcessFiles: Sendable {
    static let system = ProcessFiles()

    func processIDs() -> [Int32] {
        let bytes = proc_listpids(UInt32(PROC_ALL_PIDS), 0, nil, 0)
        guard bytes > 0 else { return [] }
        // Some more, for those that begin meanwhile.
        var ids = [Int32](repeating: 0, count: Int(bytes) / MemoryLayout<Int32>.stride + 64)
        let filled = proc_listpids(
            UInt32(PROC_ALL_PIDS), 0, &ids, Int32(ids.count * MemoryLayout<Int32>.stride))
        return ids.prefix(max(0, Int(filled)) / MemoryLayout<Int32>.stride).filter { $0 > 0 }
    }

    /// The listening sockets of a process; none when it may not be looked at.
    func listeningSockets(of process: Int32) -> [ListeningSocket] {
        let bytes = proc_pidinfo(process, PROC_PIDLISTFDS, 0, nil, 0)
        guard bytes > 0 else { return [] }
        let stride = MemoryLayout<proc_fdinfo>.stride
        var files = [proc_fdinfo](repeating: proc_fdinfo(), count: Int(bytes) / stride)
        let filled = proc_pidinfo(
            process, PROC_PIDLISTFDS, 0, &files, Int32(files.count * stride))
        return files.prefix(max(0, Int(filled)) / stride)
            .filter { $0.proc_fdtype == UInt32(PROX_FDTYPE_SOCKET) }
            .compactMap { socket(process, $0.proc_fd) }
    }

    private func socket(_ process: Int32, _ descriptor: Int32) -> ListeningSocket? {
        var info = socket_fdinfo()
        let size = Int32(MemoryLayout<socket_fdinfo>.size)
        guard proc_pidfdinfo(process, descriptor, PROC_PIDFDSOCKETINFO, &info, size) == size,
            info.psi.soi_kind == Int32(SOCKINFO_TCP),
            info.psi.soi_proto.pri_tcp.tcpsi_state == Int32(TSI_S_LISTEN)
        else { return nil }
        let internet = info.psi.soi_proto.pri_tcp.tcpsi_ini
        let isV4 = internet.insi_vflag & UInt8(INI_IPV4) != 0
        let isV6 = internet.insi_vflag & UInt8(INI_IPV6) != 0
        let v4 = internet.insi_laddr.ina_46.i46a_addr4
        return ListeningSocket(
            address: isV6
                ? IPAddress(v6: internet.insi_laddr.ina_6)
                : IPAddress(v4: UInt32(bigEndian: v4.s_addr)),
            port: UInt16(truncatingIfNeeded: internet.insi_lport).bigEndian,
            isIPv6Only: isV6 && !isV4,
            // The address of the socket in the kernel.
            inode: info.psi.soi_so, userID: 0)
    }

    func facts(of process: Int32) -> ProcessFacts? {
        guard let info = information(process) else { return nil }
        let words = commandLine(process)
        let directory = workingDirectory(process)
        return ProcessFacts(
            processID: process, parentID: Int32(bitPattern: info.pbi_ppid),
            startTime: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
            command: CommandLine.cleaned(text(of: info.pbi_name)),
            arguments: CommandLine.text(words),
            workingDirectory: directory.map(CommandLine.cleaned),
            executable: executable(process).map(CommandLine.cleaned),
            packageName: directory.flatMap { PackageManifest.name(in: $0) })
    }

    func startTime(of process: Int32) -> UInt64? {
        information(process).map { $0.pbi_start_tvsec * 1_000_000 + $0.pbi_start_tvusec }
    }

    func parent(of process: Int32) -> Int32? {
        information(process).map { Int32(bitPattern: $0.pbi_ppid) }
    }

    private func information(_ process: Int32) -> proc_bsdinfo? {
        var info = proc_bsdinfo()
        let size = Int32(MemoryLayout<proc_bsdinfo>.size)
        return proc_pidinfo(process, PROC_PIDTBSDINFO, 0, &info, size) == size ? info : nil
    }

    private func workingDirectory(_ process: Int32) -> String? {
        var info = proc_vnodepathinfo()
        let size = Int32(MemoryLayout<proc_vnodepathinfo>.size)
        guard proc_pidinfo(process, PROC_PIDVNODEPATHINFO, 0, &info, size) == size else {
            return nil
        }
        let path = text(of: info.pvi_cdir.vip_path)
        return path.isEmpty ? nil : path
    }

    private func executable(_ process: Int32) -> String? {
        var path = [CChar](repeating: 0, count: DiscoveryLimits.pathBytesMax)
        let count = proc_pidpath(process, &path, UInt32(path.count))
        return count > 0
            ? String(decoding: path[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : nil
    }

    /// KERN_PROCARGS2: the number of words, the path, NULs, then the words.
    private func commandLine(_ process: Int32) -> [String] {
        var name = [CTL_KERN, KERN_PROCARGS2, process]
        var size = 0
        guard sysctl(&name, 3, nil, &size, nil, 0) == 0, size > 4 else { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        guard sysctl(&name, 3, &bytes, &size, nil, 0) == 0, size > 4 else { return [] }
        let count = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        let rest = bytes[4..<size].drop { $0 != 0 }.drop { $0 == 0 }
        return rest.split(
            separator: 0, maxSplits: max(0, Int(count)), omittingEmptySubsequences: false
        ).prefix(max(0, Int(count))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text in a fixed array of C characters.
    private func text<Value>(of array: Value) -> String {
        withUnsafeBytes(of: array) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

enum SocketSource {
    static func socket(behind dial: DialAddress, _ files: ProcessFiles) -> SocketKey? {
        let sockets = files.processIDs().flatMap(files.listeningSockets)
        let onPort = sockets.filter { $0.port == dial.port }
        let wildcard: IPAddress = dial.address.family == .v4 ? .anyV4 : .anyV6
        let best =
            onPort.first { $0.address == dial.address }
            ?? onPort.first { $0.address == wildcard }
            ?? onPort.first { $0.address == .anyV6 && !$0.isIPv6Only }
        return best?.key
    }
}

/// Used by one thread at a time.
final class Scanner: @unchecked Sendable {
    private let files = ProcessFiles.system
    private var last: (listing: Listing, services: [DiscoveredService])?

    func scan(_ containers: [ContainerRecord], now: UInt64) -> [DiscoveredService] {
        var listing = Listing(
            sockets: [], owners: [:], facts: [:], containers: containers, ownProcess: getpid(),
            temporaryPortMin: 49152, localNetworks: .current())
        // Lowest first: of a server with workers the first process.
        for process in files.processIDs().sorted() {
            for socket in files.listeningSockets(of: process)
            where listing.owners[socket.inode] == nil {
                listing.sockets.append(socket)
                listing.owners[socket.inode] = process
                if listing.facts[process] == nil {
                    listing.facts[process] = files.facts(of: process)
                }
            }
        }
        if let last, last.listing == listing { return last.services }
        let services = listing.services
        last = (listing, services)
        return services
    }
}
#endif
