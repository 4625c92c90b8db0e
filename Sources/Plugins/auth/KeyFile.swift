// Reads small files with secrets while an instance is made.
import PluginSDK

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

enum KeyFile {
    /// The lines of a file; the last one may lack its line feed. [config]
    static func lines(_ path: String) throws(PluginError) -> [String] {
        let bytes = try contents(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PluginError("\(path) is no UTF-8 text")
        }
        return text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
    }

    private static func contents(_ path: String) throws(PluginError) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw PluginError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            bytes += piece[..<count]
            guard bytes.count <= Limits.keyFileBytesMax else {
                throw PluginError("\(path) is larger than \(Limits.keyFileBytesMax) bytes")
            }
            if count < piece.count { break }
        }
        guard ferror(file) == 0 else { throw PluginError("cannot read \(path)") }
        return bytes
    }
}
