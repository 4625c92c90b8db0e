// Rotated log files: their names, compression, and which of them are deleted.
private import CZlib

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The backups of one log file: `name-2026-11-20T12-34-56.789.log` beside `name.log`, with `.gz`
/// once compressed.
struct LogArchive: Sendable {
    private let options: LogFileOptions
    private let directory: String
    private let prefix: String
    private let suffix: String

    init(_ options: LogFileOptions) {
        self.options = options
        let slash = options.path.lastIndex(of: "/")
        let nameStart = slash.map { options.path.index(after: $0) } ?? options.path.startIndex
        directory = String(options.path[..<nameStart])
        let name = options.path[nameStart...]
        let point = name.lastIndex(of: ".").flatMap { $0 > name.startIndex ? $0 : nil }
        prefix = name[..<(point ?? name.endIndex)] + "-"
        suffix = String(name[(point ?? name.endIndex)...])
    }

    func backupPath(at time: LogTimestamp) -> String {
        directory + prefix + stamp(time) + suffix
    }

    /// Compresses what is not compressed and deletes what is too old or too many.
    ///
    /// Safe to run twice at a time and to be killed: a backup goes only when its compressed form is
    /// whole and has its name.
    func tidy(now: LogTimestamp) {
        let oldest = stamp(now - Int64(options.rollKeepDays) * 86_400 * 1_000_000_000)
        // Stamps have a fixed width, so their order is the order of time.
        for (age, backup) in backups().sorted(by: { $0.stamp > $1.stamp }).enumerated() {
            let path = directory + backup.name
            if age >= options.rollKeep || backup.stamp < oldest {
                unlink(path)
            } else if options.rollGzip && !backup.name.hasSuffix(".gz") {
                compress(path)
            }
        }
    }

    private func stamp(_ time: LogTimestamp) -> String {
        let buffer = LogBuffer(capacity: 32)
        let calendar = CalendarTime(time, local: options.rollLocalTime)
        buffer.append(date: calendar, separator: "-")
        buffer.append("T")
        buffer.append(clock: calendar, separator: "-")
        buffer.append(".")
        buffer.append(decimal: calendar.nanosecond / 1_000_000, width: 3)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    private func backups() -> [(stamp: String, name: String)] {
        guard let listing = opendir(directory) else { return [] }
        defer { closedir(listing) }
        var found: [(stamp: String, name: String)] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix(while: { $0 != 0 }), as: UTF8.self)
            }
            if let stamp = stamp(ofBackup: name) { found.append((stamp, name)) }
        }
        return found
    }

    /// The time in a backup's name, nil for any other file.
    private func stamp(ofBackup name: String) -> String? {
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        guard plain.hasPrefix(prefix), plain.hasSuffix(suffix) else { return nil }
        let stamp = plain.dropFirst(prefix.count).dropLast(suffix.count)
        let shape = stamp.map { $0.isASCII && $0.isNumber ? "0" : $0 }
        return String(shape) == "0000-00-00T00-00-00.000" ? String(stamp) : nil
    }

    /// Writes `path.gz` under a name of its own first, then renames it and removes the original.
    private func compress(_ path: String) {
        let unfinished = path + ".gz.tmp"
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { return }
        defer { close(source) }
        let target = open(
            unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, options.mode)
        guard target >= 0 else { return }
        if compress(from: source, to: target), rename(unfinished, path + ".gz") == 0 {
            unlink(path)
        } else {
            unlink(unfinished)
        }
    }

    /// Takes over `target`. Returns whether all of it was written.
    private func compress(from source: Int32, to target: Int32) -> Bool {
        guard let stream = gzdopen(target, "wb") else {
            close(target)
            return false
        }
        let isWhole = withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { chunk in
            while true {
                let count = read(source, chunk.baseAddress, chunk.count)
                if count == 0 { return true }
                if count < 0 && errno == EINTR { continue }
                guard count > 0, gzwrite(stream, chunk.baseAddress, UInt32(count)) == count
                else { return false }
            }
        }
        return gzclose(stream) == Z_OK && isWhole
    }
}
