// Whether a file still says what it said when it was read.
#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// Equal for equal contents, within one process; a file that cannot be read has one, too.
package struct FileDigest: Hashable, Sendable {
    private let value: Int?

    package init(_ contents: [UInt8]?) {
        value = contents.map { contents in
            var hasher = Hasher()
            contents.withUnsafeBytes { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }

    /// Blocks. [config]
    package init(ofFile path: String) {
        guard let file = fopen(path, "rbe") else {
            self.init(nil)
            return
        }
        defer { fclose(file) }
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        var count = piece.count
        while count == piece.count, contents.count <= Limits.controlFileBytesMax {
            count = fread(&piece, 1, piece.count, file)
            contents += piece[..<count]
        }
        self.init(ferror(file) == 0 ? contents : nil)
    }
}
