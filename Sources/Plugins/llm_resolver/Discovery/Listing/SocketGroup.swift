// The sockets that make up one candidate: same owner, same port.

struct SocketGroup {
    /// Who has the sockets: a process, or, when that is not known, a user.
    enum Owner: Hashable {
        case process(Int32)
        case user(UInt32)
    }

    let owner: Owner
    let port: UInt16
    let process: ProcessFacts?
    /// The one that hears most first.
    let sockets: [ListeningSocket]

    /// By port, then by owner.
    static func groups(
        _ sockets: [ListeningSocket], owners: [UInt64: Int32], facts: [Int32: ProcessFacts]
    ) -> [SocketGroup] {
        struct Key: Hashable {
            let owner: Owner
            let port: UInt16
        }
        let byKey = Dictionary(grouping: sockets) { socket in
            let process = owners[socket.inode].flatMap { facts[$0] }
            return Key(
                owner: process.map { .process($0.processID) } ?? .user(socket.userID),
                port: socket.port)
        }
        let groups = byKey.map { key, sockets in
            SocketGroup(
                owner: key.owner, port: key.port,
                process: owners[sockets[0].inode].flatMap { facts[$0] },
                sockets: sockets.sorted { rank($0) < rank($1) })
        }.sorted { ($0.port, $0.owner.number) < ($1.port, $1.owner.number) }
        return joined(groups)
    }

    /// Copies of one program that share a port (SO_REUSEPORT) are one service, the first one's.
    private static func joined(_ groups: [SocketGroup]) -> [SocketGroup] {
        var result: [SocketGroup] = []
        for group in groups {
            guard let last = result.last, last.overlaps(group), last.isSameProgram(as: group) else {
                result.append(group)
                continue
            }
            result[result.count - 1] = SocketGroup(
                owner: last.owner, port: last.port, process: last.process,
                sockets: last.sockets + group.sockets)
        }
        return result
    }

    private func isSameProgram(as other: SocketGroup) -> Bool {
        guard let process, let otherProcess = other.process else { return false }
        return process.workingDirectory == otherProcess.workingDirectory
            && process.executable == otherProcess.executable
            && CommandSignature(process.arguments) == CommandSignature(otherProcess.arguments)
    }

    var id: String {
        switch owner {
        case .process(let number): "p\(number)-\(port)"
        case .user(let number): "u\(number)-\(port)"
        }
    }

    var bind: IPAddress { sockets[0].address }

    /// Addresses of all sockets, IPv4 first; link-local ones need a zone and are left out.
    var dialAddresses: [DialAddress] {
        var result: [DialAddress] = []
        let linkLocal = IPAddress("fe80::")
        for dial in sockets.flatMap(\.dialAddresses) where !result.contains(dial) {
            if linkLocal.map({ $0.isEqual(to: dial.address, prefix: 10) }) != true {
                result.append(dial)
            }
        }
        return result
    }

    /// Whether connections may reach either: both listen on the very same address.
    func overlaps(_ other: SocketGroup) -> Bool {
        guard port == other.port, owner != other.owner else { return false }
        return sockets.contains { own in other.sockets.contains { own.address == $0.address } }
    }

    /// Wildcards, then loopback, then others; IPv4 before IPv6.
    private static func rank(_ socket: ListeningSocket) -> (Int, UInt8, String) {
        let kind = socket.address.isWildcard ? 0 : socket.address.isLoopback ? 1 : 2
        return (kind, socket.address.family.rawValue, kind == 2 ? socket.address.text : "")
    }
}

extension SocketGroup.Owner {
    fileprivate var number: Int64 {
        switch self {
        case .process(let number): Int64(number)
        case .user(let number): Int64(UInt32.max) + Int64(number)
        }
    }
}
