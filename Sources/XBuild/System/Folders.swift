// Folders and what is in them: the system calls of xbuild beside those of `Files`.
import CSystem
import Commands

private import Glibc

enum Folders {
    enum Kind: Equatable {
        case file, folder, link, other
    }

    /// Of the entry itself, nil when there is none.
    static func kind(_ path: String) -> Kind? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
    }

    /// Of what a link leads to.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    static func isExecutable(_ path: String) -> Bool { isFile(path) && access(path, X_OK) == 0 }

    /// Names in the folder, sorted; empty when it cannot be read.
    static func entries(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a folder and those above it.
    static func make(_ path: String) throws(FilesError) {
        if isFolder(path) { return }
        let above = Paths.folder(path)
        if above != path, !isFolder(above) { try make(above) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FilesError(path, number: errno)
        }
    }

    static func copy(_ source: String, to target: String, mode: UInt16) throws(FilesError) {
        try write(try Files.read(source, bytesMax: .max), to: target, mode: mode)
    }

    /// A new file with exactly these permissions, whatever the umask.
    static func write(_ bytes: [UInt8], to path: String, mode: UInt16 = 0o644) throws(FilesError) {
        try make(Paths.folder(path))
        try Files.replace(path, with: bytes, mode: mode)
        guard chmod(path, mode_t(mode)) == 0 else { throw FilesError(path, number: errno) }
    }

    static func write(_ text: String, to path: String, mode: UInt16 = 0o644) throws(FilesError) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Gives a folder, and all that is in it, the permissions that they have whatever the umask:
    /// everybody may read, its owner may write, programs and folders are 0755.
    static func normalizeModes(_ path: String) throws(FilesError) {
        let isOpen = kind(path) == .folder || isExecutable(path)
        guard chmod(path, isOpen ? 0o755 : 0o644) == 0 else {
            throw FilesError(path, number: errno)
        }
        guard kind(path) == .folder else { return }
        for entry in entries(path) where kind("\(path)/\(entry)") != .link {
            try normalizeModes("\(path)/\(entry)")
        }
    }

    static func link(_ target: String, at path: String) throws(FilesError) {
        try make(Paths.folder(path))
        guard symlink(target, path) == 0 else { throw FilesError(path, number: errno) }
    }

    /// The target of a link.
    static func linkTarget(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(path, $0, text.count) } ?? 0
            }
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// A file, or a folder with all that is in it. Links are removed, not followed.
    static func remove(_ path: String) {
        if kind(path) == .folder {
            for entry in entries(path) { remove("\(path)/\(entry)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    static func rename(_ path: String, to target: String) throws(FilesError) {
        guard Glibc.rename(path, target) == 0 else { throw FilesError(target, number: errno) }
    }

    /// Both must exist; what they name changes places in one step.
    static func exchange(_ path: String, with other: String) throws(FilesError) {
        let status = gwx_exchange(path, other)
        guard status == 0 else { throw FilesError(other, number: -status) }
    }

    /// Makes the names in a folder lasting.
    static func synchronize(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Whether the file system of a path has no room left.
    static func isFull(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_bavail == 0
    }

    static var processID: Int32 { getpid() }
}

/// A folder beside the one that it becomes: it takes its place in one step, or nothing is left.
struct StagedFolder: ~Copyable {
    let path: String
    private let target: String

    init(for target: String) throws(BuildError) {
        self.target = target
        path = "\(Paths.folder(target))/.\(Paths.name(target)).\(Folders.processID).new"
        try withFiles { [path] () throws(FilesError) in
            try Folders.make(Paths.folder(target))
            Folders.remove(path)
            try Folders.make(path)
        }
    }

    /// Puts it where it belongs; a folder that is there already is removed.
    consuming func commit() throws(BuildError) {
        let (path, target) = (self.path, self.target)
        try Self.place(path, at: target)
    }

    /// Puts something out of a staged folder where it belongs; what was there takes its place.
    static func place(_ path: String, at target: String) throws(BuildError) {
        try withFiles { () throws(FilesError) in
            Folders.synchronize(path)
            if Folders.kind(target) == nil {
                try Folders.rename(path, to: target)
            } else {
                try Folders.exchange(path, with: target)
            }
            Folders.synchronize(Paths.folder(target))
        }
    }

    /// What is left under the temporary name: an unfinished folder, or the one that was replaced.
    deinit { Folders.remove(path) }
}
