// The file system calls of the certificate store, and nothing above them.
import Base

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// Files that only their owner may read. All functions may block.
enum PrivateFiles {
    /// A file's bytes, nil when there is none.
    static func read(_ path: String) throws(CertificateError) -> [UInt8]? {
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        guard descriptor >= 0 else { throw failure("cannot read \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { target in
                retrying { systemRead(descriptor, target.baseAddress, target.count) }
            }
            guard count >= 0 else { throw failure("cannot read \(path)") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= Limits.certificateFileBytesMax else {
                throw CertificateError(
                    "\(path) is larger than \(Limits.certificateFileBytesMax) bytes")
            }
        }
    }

    /// Makes a directory with mode 0700, and its parents.
    static func makeDirectory(_ path: String) throws(CertificateError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure("cannot make directory \(path)")
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw failure("cannot make directory \(path)")
        }
    }

    /// Write, fsync, rename, fsync of the directory.
    static func replace(_ path: String, with bytes: [UInt8]) throws(CertificateError) {
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = retrying {
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw failure("cannot write \(temporary)") }
        let written = writeAll(descriptor, bytes) && retrying { fsync(descriptor) } == 0
        let cause = errno
        guard close(descriptor) == 0, written, systemRename(temporary, path) == 0 else {
            let error =
                written
                ? failure("cannot write \(path)")
                : failure(
                    "cannot write \(path)", cause)
            unlink(temporary)
            throw error
        }
        try syncDirectory(of: path)
    }

    /// - Returns: false when there is no such file.
    static func rename(_ path: String, to target: String) throws(CertificateError) -> Bool {
        if systemRename(path, target) != 0 {
            if errno == ENOENT { return false }
            throw failure("cannot rename \(path)")
        }
        try syncDirectory(of: path)
        return true
    }

    static func list(_ folder: String) throws(CertificateError) -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw failure("cannot read \(folder)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func remove(_ path: String) throws(CertificateError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("cannot remove \(path)") }
    }

    /// Waits for the lock. - Returns: A descriptor for `unlock`.
    static func lock(_ path: String) throws(CertificateError) -> CInt {
        let descriptor = retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw failure("cannot open \(path)") }
        guard retrying({ flock(descriptor, LOCK_EX) }) == 0 else {
            let error = failure("cannot lock \(path)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    static func unlock(_ descriptor: CInt) { close(descriptor) }

    private static func writeAll(_ descriptor: CInt, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { source in
            var offset = 0
            while offset < source.count {
                let rest = UnsafeRawBufferPointer(rebasing: source[offset...])
                let count = retrying { systemWrite(descriptor, rest.baseAddress, rest.count) }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }

    private static func syncDirectory(of path: String) throws(CertificateError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = retrying { open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure("cannot open \(folder)") }
        defer { close(descriptor) }
        guard retrying({ fsync(descriptor) }) == 0 else { throw failure("cannot sync \(folder)") }
    }

    private static func failure(_ what: String, _ cause: CInt = errno) -> CertificateError {
        CertificateError("\(what): \(String(cString: strerror(cause)))")
    }

    private static func retrying<Count: SignedInteger>(_ call: () -> Count) -> Count {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

// The calls that `PrivateFiles` has members of the same name for.

private func systemRead(_ file: CInt, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, target, count)
}

private func systemWrite(_ file: CInt, _ source: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, source, count)
}

private func systemRename(_ source: String, _ target: String) -> CInt { rename(source, target) }
