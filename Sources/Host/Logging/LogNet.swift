// A log server as output: `net <address>`.
private import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a configuration says about a log server; equal options are the same connection to a reload.
struct LogNetOptions: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case stream(host: String, port: String)
        case datagrams(host: String, port: String)
        case unix(String)
    }

    var place: Place
    var address: String
    var dialTimeout = Limits.logNetDialTimeout
    /// A server that is not there when the configuration is loaded is no error.
    var startsSoftly = false

    init(_ reader: inout ConfigReader) throws(LogError) {
        address = try reader.string("address") ?? ""
        guard let place = Self.place(address) else {
            throw reader.wrong("address", "host:port, tcp/host:port, udp/host:port or unix/path")
        }
        self.place = place
        if let nanoseconds = reader.value("dial_timeout")?.intValue, nanoseconds > 0 {
            dialTimeout = UInt64(nanoseconds)
        }
        startsSoftly = try reader.bool("soft_start") ?? false
    }

    static func place(_ address: String) -> Place? {
        var rest = address[...]
        var network = "tcp"
        if let slash = address.firstIndex(of: "/") {
            network = String(address[..<slash])
            rest = address[address.index(after: slash)...]
        }
        if network == "unix" { return rest.isEmpty ? nil : .unix(String(rest)) }
        guard let colon = rest.lastIndex(of: ":"),
            UInt16(rest[rest.index(after: colon)...]) ?? 0 > 0
        else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        let port = String(rest[rest.index(after: colon)...])
        switch network {
        case "tcp", "tcp4", "tcp6": return .stream(host: String(host), port: port)
        case "udp", "udp4", "udp6": return .datagrams(host: String(host), port: port)
        case _: return nil
        }
    }

    var isDatagrams: Bool { if case .datagrams = place { true } else { false } }
}

/// Lines on their way to a log server. The writer thread hands them over and never waits; a thread
/// of its own dials, sends and dials again.
final class LogNet: @unchecked Sendable {
    private let options: LogNetOptions
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    // Guarded by `mutex`.
    private var waiting: [UInt8] = []
    private var isBusy = false
    private var isStopping = false
    private var failure = "it takes the lines too slowly"
    // The thread's own.
    private var descriptor: Int32 = -1

    /// - Throws: When the server cannot be reached and `soft_start` was not asked for. Blocks for
    ///   at most the dial time-out.
    init(_ options: LogNetOptions) throws(LogError) {
        self.options = options
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        changed = .allocate(capacity: 1)
        pthread_cond_init(changed, nil)
        if !options.startsSoftly {
            do throws(LogError) {
                descriptor = try dial(options)
            } catch {
                throw LogError("cannot log to \(options.address): \(error.description)")
            }
        }
        startThread { self.run() }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        pthread_cond_destroy(changed)
        changed.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Hands whole lines over. Writer thread.
    ///
    /// - Returns: The bytes that found no room.
    func send(_ lines: UnsafeRawBufferPointer) -> Int {
        locked {
            guard waiting.count + lines.count <= Limits.logNetBytesMax else { return lines.count }
            waiting += lines
            pthread_cond_broadcast(changed)
            return 0
        }
    }

    /// Why lines are lost.
    var trouble: LogError {
        LogError("cannot write to \(options.address): \(locked { failure })")
    }

    /// Ends the thread once it has sent what is there, or cannot.
    func stop() {
        locked {
            isStopping = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits until everything was sent; false when that took too long.
    func finish(timeout: UInt64) -> Bool {
        locked {
            let end = moment(after: timeout)
            while isBusy || !waiting.isEmpty {
                var end = end
                if pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT { return false }
            }
            return true
        }
    }

    // MARK: The thread

    private func run() {
        while let lines = takeLines() {
            deliver(lines)
            locked {
                isBusy = false
                pthread_cond_broadcast(changed)
            }
        }
    }

    private func takeLines() -> [UInt8]? {
        locked {
            while waiting.isEmpty {
                if isStopping { return nil }
                pthread_cond_wait(changed, mutex)
            }
            isBusy = true
            defer { waiting = [] }
            return waiting
        }
    }

    /// Sends lines, over as many connections as it takes; gives up only at the end.
    private func deliver(_ lines: [UInt8]) {
        var done = 0
        while done < lines.count {
            if descriptor < 0, !connectAgain() { return }
            let sent =
                options.isDatagrams ? sendDatagram(lines, from: done) : push(lines, from: done)
            guard let sent else {
                close(descriptor)
                descriptor = -1
                // A line that was cut is sent whole on the next connection.
                done = lines[..<done].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
                continue
            }
            done += sent
        }
    }

    /// Dials until the server answers; false when the output ends first.
    private func connectAgain() -> Bool {
        while true {
            do throws(LogError) {
                descriptor = try dial(options)
                return true
            } catch {
                let goesOn = locked {
                    failure = error.description
                    if !isStopping {
                        var end = moment(after: Limits.logNetPause)
                        pthread_cond_timedwait(changed, mutex, &end)
                    }
                    return !isStopping
                }
                if !goesOn { return false }
            }
        }
    }

    /// Sends as much as the server takes within a time; nil when the connection is of no use.
    private func push(_ lines: [UInt8], from start: Int) -> Int? {
        lines.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let sent = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if sent > 0 { return sent }
            let failure = errno
            if failure == EINTR { return 0 }
            guard failure == EAGAIN else {
                note(describe(errno: failure))
                return nil
            }
            var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let isReady = poll(&event, 1, Int32(options.dialTimeout / Limits.millisecond)) > 0
            if !isReady { note("it takes the lines too slowly") }
            return isReady ? 0 : nil
        }
    }

    /// One line, one datagram.
    private func sendDatagram(_ lines: [UInt8], from start: Int) -> Int? {
        let end = lines[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? lines.count
        lines.withUnsafeBytes { bytes in
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            // Nobody promised that it arrives.
            _ = Glibc.send(descriptor, line.baseAddress, line.count, Int32(MSG_NOSIGNAL))
        }
        return end - start
    }

    private func note(_ text: String) { locked { failure = text } }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}

private func moment(after nanoseconds: UInt64) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let total = UInt64(time.tv_nsec) + nanoseconds
    time.tv_sec += Int(total / Limits.second)
    time.tv_nsec = Int(total % Limits.second)
    return time
}

/// A connected socket that does not block. Blocks itself, for at most the dial time-out.
private func dial(_ options: LogNetOptions) throws(LogError) -> Int32 {
    switch options.place {
    case .unix(let path):
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard bytes.count < target.count else { return false }
            target.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw LogError("the path is too long for a socket") }
        return try withUnsafeBytes(of: &address) { raw throws(LogError) in
            try connectSocket(raw, family: AF_UNIX, isStream: true, options)
        }
    case .stream(let host, let port):
        return try dialHost(host, port, isStream: true, options)
    case .datagrams(let host, let port):
        return try dialHost(host, port, isStream: false, options)
    }
}

private func dialHost(
    _ host: String, _ port: String, isStream: Bool, _ options: LogNetOptions
) throws(LogError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, port, &hints, &list)
    guard result == 0 else { throw LogError(String(cString: gai_strerror(result))) }
    defer { freeaddrinfo(list) }
    var failure = LogError("no usable address")
    var entry = list
    while let info = entry?.pointee {
        if let address = info.ai_addr {
            do throws(LogError) {
                return try connectSocket(
                    UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)),
                    family: info.ai_family, isStream: isStream, options)
            } catch {
                failure = error
            }
        }
        entry = info.ai_next
    }
    throw failure
}

private func connectSocket(
    _ address: UnsafeRawBufferPointer, family: Int32, isStream: Bool, _ options: LogNetOptions
) throws(LogError) -> Int32 {
    let kind = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw LogError(describe(errno: errno)) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var failure: Int32 = 0
    if let base = address.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        connect(descriptor, base, socklen_t(address.count)) != 0
    {
        failure = errno
        if failure == EINPROGRESS {
            var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let limit = Int32(clamping: options.dialTimeout / Limits.millisecond)
            failure = poll(&event, 1, limit) > 0 ? 0 : ETIMEDOUT
            var size = socklen_t(MemoryLayout<Int32>.size)
            if failure == 0 { getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) }
        }
    }
    guard failure == 0 else {
        close(descriptor)
        throw LogError(describe(errno: failure))
    }
    return descriptor
}
