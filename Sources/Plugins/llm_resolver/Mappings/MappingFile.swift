// The cache file: read whole, written by write, fsync and rename under a lock. Blocks, so it runs
// on the control thread at load and on the work pool afterwards.
import PluginSDK

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A problem with the file, in words for the operator.
struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) {
        description = "\(what): \(String(cString: strerror(errno)))"
    }

    init(reason: String) { description = reason }
}

/// What tells one version of a file from another.
struct FileStamp: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64

    fileprivate init(_ status: stat) {
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Glibc)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
        #else
        seconds = Int64(status.st_mtimespec.tv_sec)
        nanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #endif
    }
}

struct MappingFile: Sendable {
    /// Above it a file is none of ours.
    private static let byteCountMax = 16 << 20

    let path: String

    private var lockPath: String { path + ".lock" }

    /// Makes the folder and proves that the file can be written there. [config]
    func prepare() throws(FileError) {
        try makeFolders()
        let file = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileError("cannot write beside \(path)") }
        close(file)
    }

    /// nil when there is no file.
    func stamp() -> FileStamp? {
        var status = stat()
        return stat(path, &status) == 0 ? FileStamp(status) : nil
    }

    /// nil when there is no file.
    func read() throws(FileError) -> (bytes: [UInt8], stamp: FileStamp)? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("cannot read \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileError("cannot read \(path)") }
        guard status.st_size <= Self.byteCountMax else {
            throw FileError(reason: "\(path) has more than \(Self.byteCountMax) bytes")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= Self.byteCountMax {
            let count = systemRead(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("cannot read \(path)") }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return (bytes, FileStamp(status))
    }

    /// Runs `body` while no other process that keeps to the lock writes the file.
    func locked<Result>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result {
        let file = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileError("cannot open \(lockPath)") }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError("cannot lock \(lockPath)") }
        }
        return try body()
    }

    /// Replaces the file in one step; after a crash there is the old or the new one.
    ///
    /// - Returns: The stamp of the new file.
    func write(_ bytes: [UInt8]) throws(FileError) -> FileStamp {
        let temporary = "\(path).\(getpid()).tmp"
        unlink(temporary)
        // Command lines may be in it: for its owner only.
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileError("cannot write \(temporary)") }
        defer { close(file) }
        do throws(FileError) {
            try writeAll(bytes, to: file, temporary)
            guard fsync(file) == 0 else { throw FileError("cannot write \(temporary)") }
            var status = stat()
            guard fstat(file, &status) == 0 else { throw FileError("cannot write \(temporary)") }
            guard rename(temporary, path) == 0 else { throw FileError("cannot replace \(path)") }
            syncFolder()
            return FileStamp(status)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Gives a file that cannot be read another name.
    ///
    /// - Returns: The name.
    func setAside(at seconds: Int64) throws(FileError) -> String {
        let aside = "\(path).corrupt-\(seconds)"
        guard rename(path, aside) == 0 else { throw FileError("cannot rename \(path)") }
        return aside
    }

    private func writeAll(
        _ bytes: [UInt8], to file: Int32, _ name: String
    ) throws(FileError) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { piece in
                systemWrite(file, piece.baseAddress, piece.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("cannot write \(name)") }
            start += count
        }
    }

    /// Without it a rename may be lost with the power; where folders cannot be synced it is as safe
    /// as it gets.
    private func syncFolder() {
        let folder = open(self.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func makeFolders() throws(FileError) {
        var end = path.startIndex
        while let slash = path[end...].dropFirst().firstIndex(of: "/") {
            end = slash
            let part = String(path[..<slash])
            guard mkdir(part, 0o755) == 0 || isFolder(part) else {
                throw FileError("cannot make the folder \(part) for cache_file")
            }
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

#if canImport(Glibc)
private let systemRead = Glibc.read
private let systemWrite = Glibc.write
#else
private let systemRead = Darwin.read
private let systemWrite = Darwin.write
#endif
