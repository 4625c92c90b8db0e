// A log file: opening, rotation by size, and reopening by name.
// Its header declares the types of modes and thread attributes first, so they count as its own.
internal import CSystem

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a configuration says about a file; equal options are the same file to a reload.
struct LogFileOptions: Hashable, Sendable {
    /// Absolute.
    var path: String
    var mode: mode_t = 0o600
    var directoryMode: mode_t = 0o700
    /// Nil keeps one file for ever.
    var rollBytesMax: Int? = 100 * 1024 * 1024
    var rollKeep = 10
    var rollKeepDays = 90
    var rollGzip = true
    var rollLocalTime = false
}

/// An open log file. The writer thread's after it was opened.
final class LogFile {
    let options: LogFileOptions
    private(set) var descriptor: Int32
    private var size: Int
    private let isRegular: Bool
    /// After a failed rotation the file may grow by its size again before the next attempt.
    private var sizeMax: Int

    var path: String { options.path }

    /// Opens for appending; makes the file, and its directory where that is missing.
    init(_ options: LogFileOptions) throws(LogError) {
        self.options = options
        try makeDirectories(above: options.path, mode: options.directoryMode)
        (descriptor, size, isRegular) = try openForAppending(options)
        sizeMax = options.rollBytesMax ?? .max
    }

    deinit { close(descriptor) }

    /// Whether the next line belongs into a new file.
    ///
    /// - Parameter pending: Bytes of earlier lines that are still to be written.
    func isFull(holding pending: Int, adding line: Int) -> Bool {
        isRegular && size + pending > 0 && size + pending + line > sizeMax
    }

    func grew(by count: Int) { size += count }

    /// Opens the path again and lets go of the old file; keeps the old one when that fails.
    func reopen() throws(LogError) {
        let opened = try openForAppending(options)
        close(descriptor)
        (descriptor, size) = (opened.descriptor, opened.size)
        sizeMax = options.rollBytesMax ?? .max
    }

    /// Moves the file aside under the name of this moment and starts a new one. Compressing and
    /// deleting old files happens on a thread of its own: it may take seconds.
    func rotate(now: LogTimestamp, report: (LogError) -> Void) {
        let archive = LogArchive(options)
        var moment = now
        while access(archive.backupPath(at: moment), F_OK) == 0 { moment += 1_000_000 }
        let backup = archive.backupPath(at: moment)
        guard rename(path, backup) == 0 else {
            sizeMax = size + (options.rollBytesMax ?? 0)
            return report(LogError("cannot rotate \(path): \(describe(errno: errno))"))
        }
        do throws(LogError) {
            try reopen()
        } catch {
            sizeMax = size + (options.rollBytesMax ?? 0)
            return report(error)
        }
        startThread { archive.tidy(now: now) }
    }
}

private func openForAppending(
    _ options: LogFileOptions
) throws(LogError) -> (descriptor: Int32, size: Int, isRegular: Bool) {
    // Not blocking: a pipe without a reader is an error here, not a hang.
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    let descriptor = open(options.path, flags, options.mode)
    guard descriptor >= 0 else {
        throw LogError("cannot open log file \(options.path): \(describe(errno: errno))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
        let failure = errno
        close(descriptor)
        throw LogError("cannot inspect log file \(options.path): \(describe(errno: failure))")
    }
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    // A umask or an older file must not widen or narrow what was asked for.
    if isRegular && status.st_mode & 0o777 != options.mode { fchmod(descriptor, options.mode) }
    return (descriptor, Int(status.st_size), isRegular)
}

/// Makes every missing directory on the way to `path`.
private func makeDirectories(above path: String, mode: mode_t) throws(LogError) {
    var prefix = ""
    for part in path.split(separator: "/").dropLast() {
        prefix += "/" + part
        guard mkdir(prefix, mode) != 0, errno != EEXIST else { continue }
        // A directory that exists behind one we may not write to is reported as EACCES or EROFS.
        var status = stat()
        let failure = errno
        if stat(prefix, &status) != 0 {
            throw LogError("cannot make log directory \(prefix): \(describe(errno: failure))")
        }
    }
}

/// Runs `body` on a thread that takes no signals; the process does not wait for it.
func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, runThread, box.toOpaque())
    pthread_attr_destroy(&attributes)
    if result != 0 { box.release() }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
