internal import Base
private import CSystem

// Files as the commands use them: system calls of the control plane.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Why a file could not be used: "PATH: no such file or directory".
package struct FilesError: Error, CustomStringConvertible {
    package let description: String

    package init(_ path: String, number: Int32) {
        description = "\(path): \(String(cString: strerror(number)).lowercased())"
    }
}

package enum Files {
    /// All bytes of a file.
    package static func read(
        _ path: String, bytesMax: Int? = nil
    ) throws(FilesError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(path, number: errno) }
        defer { close(descriptor) }
        return try read(descriptor, path, bytesMax ?? Limits.configFileBytesMax)
    }

    package static func readStandardInput() throws(FilesError) -> [UInt8] {
        try read(STDIN_FILENO, "standard input", Limits.configFileBytesMax)
    }

    /// Replaces a file in one step: a new one beside it, synchronized, then renamed.
    ///
    /// - Parameter mode: Permissions of a new file; an existing one keeps its own.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt16 = 0o644
    ) throws(FilesError) {
        var status = stat()
        let mode = stat(path, &status) == 0 ? status.st_mode & 0o7777 : mode_t(mode)
        let beside = "\(path).\(getpid()).new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FilesError(beside, number: errno) }
        var failure = writeAll(descriptor, bytes)
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        close(descriptor)
        if failure == 0, rename(beside, path) != 0 { failure = errno }
        guard failure != 0 else { return }
        unlink(beside)
        throw FilesError(path, number: failure)
    }

    package static func remove(_ path: String) { unlink(path) }

    /// The paths that match a pattern, sorted; hidden ones included, `.` and `..` not.
    package static func matching(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_PERIOD, nil, &found) == 0 else { return [] }
        let paths = (0..<Int(found.gl_pathc)).compactMap { index in
            found.gl_pathv[index].map { String(cString: $0) }
        }
        return paths.filter { !$0.hasSuffix("/.") && !$0.hasSuffix("/..") }.sorted()
    }

    /// What changes when somebody writes to a file: modification time, size and identity.
    package static func stamp(_ path: String) -> FileState? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileState(
            seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec),
            size: Int(status.st_size), inode: UInt64(status.st_ino))
    }

    /// Seconds since 1970.
    package static var now: Int64 { Int64(time(nil)) }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func mayWrite(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// The path of a program on PATH; the folders of system programs count as well.
    package static func program(_ name: String) -> String? {
        let path = (getenv("PATH").map { String(cString: $0) } ?? "") + ":/usr/sbin:/sbin"
        for folder in path.split(separator: ":") {
            let file = "\(folder)/\(name)"
            if access(file, X_OK) == 0 { return file }
        }
        return nil
    }

    /// The folder of the running program.
    package static var executableFolder: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }

    private static func read(
        _ descriptor: Int32, _ path: String, _ bytesMax: Int
    ) throws(FilesError) -> [UInt8] {
        var bytes: [UInt8] = []
        var failure: Int32 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1)
        defer { buffer.deallocate() }
        guard let start = buffer.baseAddress else { return [] }
        while failure == 0 {
            let count = gwx_read(descriptor, start, buffer.count)
            if count == 0 { break }
            if count < 0 { failure = Int32(-count) } else { bytes += buffer[..<count] }
            if bytes.count > bytesMax { failure = EFBIG }
        }
        guard failure == 0 else { throw FilesError(path, number: failure) }
        return bytes
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return 0 }
            var done = 0
            while done < source.count {
                let count = gwx_write(descriptor, start + done, source.count - done)
                guard count > 0 else { return count < 0 ? Int32(-count) : EIO }
                done += count
            }
            return 0
        }
    }
}

package struct FileState: Equatable, Sendable {
    package var seconds: Int
    package var nanoseconds: Int
    package var size: Int
    package var inode: UInt64
}
