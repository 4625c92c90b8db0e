internal import Base

// Files and folders of plugins: the system calls of the loader.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// What tells a file that was written or replaced from the one that it was.
package struct FileStamp: Sendable, Equatable {
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var size: Int64 = 0
    private var changed = 0
    private var changedNanoseconds = 0

    fileprivate init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
        let time = status.st_ctimespec
        #else
        let time = status.st_ctim
        #endif
        changed = time.tv_sec
        changedNanoseconds = time.tv_nsec
    }

    /// Of bytes that are in no file.
    fileprivate init() {}
}

/// The whole content of a plugin's file, checked for who may have written it.
package struct PluginFile: Sendable {
    package let path: String
    package let bytes: [UInt8]
    let stamp: FileStamp

    /// - Throws: `LoaderError` when it is missing, no regular file, writable by everybody, larger
    ///   than `Limits.pluginFileBytesMax` or unreadable.
    package init(path: String, plugin: String) throws(LoaderError) {
        try Self.requirePrivateFolder(of: path, plugin: plugin)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw LoaderError(.unreadable, plugin: plugin, "\(path): \(Self.lastError)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw LoaderError(.unreadable, plugin: plugin, "\(path): \(Self.lastError)")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw LoaderError(.unsafeFile, plugin: plugin, "\(path) is not a regular file")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw LoaderError(
                .unsafeFile, plugin: plugin, "\(path) is writable by everybody",
                hint: "chmod o-w \(path)")
        }
        guard status.st_size <= Limits.pluginFileBytesMax else {
            throw LoaderError(
                .unsafeFile, plugin: plugin,
                "\(path) has \(status.st_size) bytes, at most \(Limits.pluginFileBytesMax) are read"
            )
        }
        self.path = path
        stamp = FileStamp(status)
        bytes = try Self.read(descriptor, Int(status.st_size), path: path, plugin: plugin)
    }

    /// Bytes that come from elsewhere; `path` is used in messages and to find a manifest beside it.
    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        stamp = FileStamp()
    }

    /// Differs when the content differs; means something within this process only.
    package var contentHash: Int {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// Names of the entries of a folder, sorted; nil when it cannot be read.
    static func entries(of folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// Of the file at `path` now, nil when there is none.
    static func stamp(of path: String) -> FileStamp? {
        var status = stat()
        return stat(path, &status) == 0 ? FileStamp(status) : nil
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    private static func requirePrivateFolder(
        of path: String, plugin: String
    ) throws(LoaderError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(folder.isEmpty ? "/" : folder, &status) == 0 else {
            throw LoaderError(.unreadable, plugin: plugin, "\(folder): \(lastError)")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw LoaderError(
                .unsafeFile, plugin: plugin, "folder \(folder) is writable by everybody",
                hint: "chmod o-w \(folder)")
        }
    }

    private static func read(
        _ descriptor: Int32, _ size: Int, path: String, plugin: String
    ) throws(LoaderError) -> [UInt8] {
        var failure: String?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = readRetrying(
                    descriptor, into: UnsafeMutableRawBufferPointer(buffer), count)
                if got < 0 { failure = lastError }
                if got <= 0 { break }
                count += got
            }
        }
        if let failure {
            throw LoaderError(.unreadable, plugin: plugin, "\(path): \(failure)")
        }
        return bytes
    }

    private static func readRetrying(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ offset: Int
    ) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        while true {
            let got = unistdRead(descriptor, base + offset, buffer.count - offset)
            if got >= 0 || errno != EINTR { return got }
        }
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}

private func unistdRead(_ descriptor: Int32, _ to: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, to, count)
}
