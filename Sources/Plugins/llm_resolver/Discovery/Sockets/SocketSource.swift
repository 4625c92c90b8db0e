// Asks the kernel for listening sockets. All calls are short and may be made on a loop.

#if os(Linux)
private import Glibc

enum SocketSource {
    /// What became of a look.
    enum Failure: Error, Equatable {
        /// The kernel does not answer such questions here (an old one, a sandbox).
        case refused
        case failed(Int32)
    }

    /// Every listening TCP socket of this network namespace.
    ///
    /// - Parameter files: Where /proc is, for the second way.
    static func listeningSockets(_ files: ProcessFiles) -> [ListeningSocket] {
        do throws(Failure) {
            var sockets: [ListeningSocket] = []
            let diagnostics = try DiagnosticSocket()
            for family in [IPAddress.Family.v4, .v6] {
                try diagnostics.list(family) { sockets.append($0) }
            }
            return sockets
        } catch {
            return files.socketTables.flatMap { table in
                table.withUnsafeBytes { SocketTable.sockets($0) }
            }
        }
    }

    /// The socket that a connection to that address would get from the kernel; nil when there is
    /// none. About 10 µs.
    static func socket(behind dial: DialAddress, _ files: ProcessFiles) -> SocketKey? {
        do throws(Failure) {
            return try DiagnosticSocket().socket(behind: dial)?.key
        } catch {
            return best(for: dial, among: listeningSockets(files))?.key
        }
    }

    /// What the kernel would choose: the exact address before the wildcard of its family before
    /// the wildcard of IPv6 (which the tables do not tell from an IPv6-only one).
    static func best(
        for dial: DialAddress, among sockets: [ListeningSocket]
    ) -> ListeningSocket? {
        let onPort = sockets.filter { $0.port == dial.port }
        let wildcard: IPAddress = dial.address.family == .v4 ? .anyV4 : .anyV6
        return onPort.first { $0.address == dial.address }
            ?? onPort.first { $0.address == wildcard }
            ?? onPort.first { $0.address == .anyV6 && !$0.isIPv6Only }
    }
}

/// A socket of NETLINK_SOCK_DIAG. The kernel answers in the call that reads.
private struct DiagnosticSocket: ~Copyable {
    private static let family = AF_NETLINK
    private static let protocolDiagnostics: Int32 = 4
    private static let bufferBytes = 32 * 1024
    private let descriptor: Int32

    init() throws(SocketSource.Failure) {
        descriptor = Glibc.socket(
            Self.family, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            Self.protocolDiagnostics)
        guard descriptor >= 0 else { throw .refused }
    }

    deinit { close(descriptor) }

    func list(
        _ family: IPAddress.Family, each: (ListeningSocket) -> Void
    ) throws(SocketSource.Failure) {
        let sequence = UInt32(family.rawValue) + 1
        try send(DiagnosticMessage.listingRequest(family, sequence: sequence))
        try receive(sequence, each)
    }

    func socket(behind dial: DialAddress) throws(SocketSource.Failure) -> ListeningSocket? {
        var found: ListeningSocket?
        try send(DiagnosticMessage.lookupRequest(dial, sequence: 1))
        do throws(SocketSource.Failure) {
            // One message without an end of its own.
            try receive(1, isSingle: true) { found = $0 }
        } catch .failed(ENOENT) {
            return nil
        }
        return found
    }

    private func send(_ request: [UInt8]) throws(SocketSource.Failure) {
        guard retryingInterrupts({ Glibc.send(descriptor, request, request.count, 0) }) > 0
        else { throw .refused }
    }

    private func receive(
        _ sequence: UInt32, isSingle: Bool = false, _ each: (ListeningSocket) -> Void
    ) throws(SocketSource.Failure) {
        let failure: SocketSource.Failure? = withUnsafeTemporaryAllocation(
            byteCount: Self.bufferBytes, alignment: 8
        ) { buffer in
            while true {
                let count = retryingInterrupts {
                    recv(descriptor, buffer.baseAddress, buffer.count, 0)
                }
                guard count > 0 else { return .failed(errno) }
                let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                switch DiagnosticMessage.read(piece, sequence: sequence, each: each) {
                case .more where isSingle: return nil
                case .more: continue
                case .done: return nil
                case .failed(0): return nil
                case .failed(let code): return .failed(code)
                }
            }
        }
        if let failure { throw failure }
    }
}
#endif
