// System calls of discovery that several places need.

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Repeats a call that a signal interrupted.
func retryingInterrupts(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// A file that is closed with its owner.
struct OpenFile: ~Copyable {
    let descriptor: Int32

    /// Opens a file for reading without waiting for anybody, so that a FIFO cannot hold us.
    init?(_ path: String, in folder: Int32 = AT_FDCWD, flags: Int32 = 0) {
        descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    var isRegular: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The first bytes; less when the file ends or cannot be read.
    func bytes(atMost limit: Int) -> [UInt8] {
        var piece = min(limit, 4096)
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let room = min(piece, limit - bytes.count)
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: room))
            let count = bytes.withUnsafeMutableBytes { buffer in
                let free = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                return retryingInterrupts { read(descriptor, free.baseAddress, room) }
            }
            bytes.removeLast(room - max(0, count))
            if count <= 0 { break }
            piece = 64 * 1024
        }
        return bytes
    }
}

/// Where a symbolic link points, without following it.
func linkTarget(_ path: String, in folder: Int32 = AT_FDCWD) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: DiscoveryLimits.pathBytesMax) {
        let count = readlinkat(folder, path, $0.baseAddress.unsafelyUnwrapped, $0.count)
        guard count > 0, count < $0.count else { return nil }
        return String(decoding: $0[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
