// Files and facts of the machine, for the control plane.
import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

package struct FileError: Error, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path): \(reason)" }
}

/// Blocking file access and process facts; never used on a worker.
package enum ControlFiles {
    /// The contents of a file of at most `Limits.controlFileBytesMax` bytes.
    package static func read(_ path: String) throws(FileError) -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw FileError(path: path, reason: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= Limits.controlFileBytesMax else {
                throw FileError(
                    path: path, reason: "larger than \(Limits.controlFileBytesMax) bytes")
            }
            if count < piece.count {
                if ferror(file) != 0 { throw FileError(path: path, reason: "cannot be read") }
                return bytes
            }
        }
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }
}
