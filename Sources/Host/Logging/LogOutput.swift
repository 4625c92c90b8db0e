// Where lines go: a standard stream, a file, or nowhere. Only the writer thread writes.
private import Base
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An open destination, shared by all logs and configurations that name it. Lines are collected
/// and written in batches; a destination that fails loses lines and says so, it never stops.
final class LogOutput: @unchecked Sendable {
    enum Target {
        case discard
        /// A descriptor that somebody else owns: standard output or error.
        case stream(Int32)
        case file(LogFile)
        case net(LogNet)
    }

    private let target: Target
    private let pending = LogBuffer()
    /// The last write ended inside a line, so the next one starts on a line of its own.
    private var isInsideLine = false
    private var lastReport: LogTimestamp?
    private var lostBytes = 0
    private let reopenRequested = Atomic<Bool>(false)

    init(_ target: Target) { self.target = target }

    deinit {
        if case .net(let net) = target { net.stop() }
    }

    /// Waits until what was written has left the process, at the end of it. Any thread.
    func finish(timeout: UInt64) -> Bool {
        if case .net(let net) = target { net.finish(timeout: timeout) } else { true }
    }

    /// Asks for the file to be opened again by name, for external rotation. Any thread.
    func requestReopen() { reopenRequested.store(true, ordering: .releasing) }

    /// Lets `format` append one whole line, and writes what was collected when it is enough or
    /// when the file has reached its size.
    func writeLine(now: LogTimestamp, format: (LogBuffer) -> Void) {
        if case .discard = target { return }
        let start = pending.count
        if start == 0 && isInsideLine { pending.append("\n") }
        format(pending)
        if case .file(let file) = target,
            file.isFull(
                holding: start, adding: pending.count - start)
        {
            writePending(count: start, now: now)
            file.rotate(now: now) { report($0, now: now) }
        }
        if pending.count >= Limits.logWriteBatchBytes { flush(now: now) }
    }

    /// Writes everything collected.
    func flush(now: LogTimestamp) {
        if reopenRequested.exchange(false, ordering: .acquiringAndReleasing),
            case .file(let file) = target
        {
            do throws(LogError) { try file.reopen() } catch { report(error, now: now) }
        }
        writePending(count: pending.count, now: now)
        pending.shrink(to: 4 * Limits.logWriteBatchBytes)
    }

    private func writePending(count: Int, now: LogTimestamp) {
        guard count > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: pending.bytes[..<count])
        let descriptor: Int32
        switch target {
        case .discard: return pending.removeFirst(count)
        case .net(let net):
            let lost = net.send(bytes)
            pending.removeFirst(count)
            lostBytes += lost
            if lost > 0 { report(net.trouble, now: now) }
            return
        case .stream(let stream): descriptor = stream
        case .file(let file): descriptor = file.descriptor
        }
        let (written, failure) = writeAll(bytes, to: descriptor)
        if case .file(let file) = target { file.grew(by: written) }
        if written > 0 { isInsideLine = bytes[written - 1] != UInt8(ascii: "\n") }
        pending.removeFirst(count)
        if let failure {
            lostBytes += count - written
            let place = if case .file(let file) = target { file.path } else { "standard stream" }
            report(
                LogError("cannot write to \(place): \(describe(errno: failure))"), now: now)
        }
    }

    /// Tells standard error, the one place left, at most once per interval.
    private func report(_ error: LogError, now: LogTimestamp) {
        if case .stream(STDERR_FILENO) = target { return }
        if let lastReport, now - lastReport < Int64(Limits.logNoticeInterval) { return }
        lastReport = now
        let line = LogBuffer(capacity: 512)
        var text = "\(error.description), \(lostBytes) bytes of log lost so far"
        line.append(time: now, format: .wallMilli, local: false)
        line.append("\tERROR\tlogging\t")
        text.withUTF8 { _ = line.append(jsonEscaped: UnsafeRawBufferPointer($0), quoted: false) }
        line.append("\n")
        _ = writeAll(line.bytes, to: STDERR_FILENO)
    }
}

/// Writes all bytes, through interruptions and a full pipe up to a limit of time.
///
/// - Returns: The bytes written, and the error number that ended it early.
func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
) -> (written: Int, failure: Int32?) {
    var written = 0
    while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let result = write(descriptor, rest.baseAddress, rest.count)
        if result > 0 {
            written += result
        } else if result < 0 && errno == EAGAIN {
            var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let milliseconds = Int32(Limits.logWriteTimeout / Limits.millisecond)
            if poll(&event, 1, milliseconds) == 0 { return (written, EAGAIN) }
        } else if result == 0 || errno != EINTR {
            return (written, result == 0 ? EIO : errno)
        }
    }
    return (written, nil)
}

/// An error of the logging layer: its configuration, or a file that it cannot have.
package struct LogError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

func describe(errno number: Int32) -> String {
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
}
