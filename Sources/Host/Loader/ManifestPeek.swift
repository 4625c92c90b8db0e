// A plugin's manifest without reading the whole of its file: to decide whether to load it at all.
internal import Base

#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Reads what an ELF file says of its sections, and the one with the manifest; a few kilobytes of
/// many megabytes. Nothing is checked that `PluginImage` checks before the plugin is mapped.
enum ManifestPeek {
    private static let headerBytes = 64
    private static let sectionHeaderBytes = 64
    private static let tableBytesMax = 64 * 1024
    private static let sectionName = Array(".gwmanifest".utf8)

    /// nil when it cannot be found this way, for whatever reason: load the plugin to hear of it.
    static func manifest(at path: String, plugin: String) -> PluginManifest? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let text = section(of: descriptor) else { return nil }
        return try? ManifestReader.parse(text.bytes[...], plugin: plugin)
    }

    private static func section(of descriptor: Int32) -> BoundedBytes? {
        guard let header = read(descriptor, at: 0, headerBytes),
            header.bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
            let offset = header.load(UInt64.self, at: 40),
            let size = header.load(UInt16.self, at: 58), Int(size) == sectionHeaderBytes,
            let count = header.load(UInt16.self, at: 60),
            let namesIndex = header.load(UInt16.self, at: 62), namesIndex < count,
            let table = read(descriptor, at: offset, Int(count) * sectionHeaderBytes),
            let names = data(of: Int(namesIndex), in: table, descriptor, tableBytesMax)
        else { return nil }
        for index in 0..<Int(count) {
            let start = UInt64(index * sectionHeaderBytes)
            guard let name = table.load(UInt32.self, at: start),
                let range = names.range(UInt64(name), UInt64(sectionName.count + 1)),
                names.bytes[range] == (sectionName + [0])[...]
            else { continue }
            return data(of: index, in: table, descriptor, Limits.manifestBytesMax + 1)
        }
        return nil
    }

    /// The bytes of one section.
    private static func data(
        of index: Int, in table: BoundedBytes, _ descriptor: Int32, _ bytesMax: Int
    ) -> BoundedBytes? {
        let start = UInt64(index * sectionHeaderBytes)
        guard let offset = table.load(UInt64.self, at: start + 24),
            let size = table.load(UInt64.self, at: start + 32), size <= UInt64(bytesMax)
        else { return nil }
        return read(descriptor, at: offset, Int(size))
    }

    /// Exactly that many bytes, nil when they are not there.
    private static func read(
        _ descriptor: Int32, at offset: UInt64, _ count: Int
    ) -> BoundedBytes? {
        guard count > 0, offset <= UInt64(Limits.pluginFileBytesMax) else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
        return bytes.count == count ? BoundedBytes(bytes: bytes) : nil
    }
}
