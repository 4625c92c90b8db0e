// A small reader of 64-bit Mach-O images: the manifest's section.
#if os(macOS)

/// The parts of a Mach-O dynamic library that the loader looks at before it is mapped.
struct MachOImage {
    private static let magic: UInt32 = 0xfeed_facf
    private static let dynamicLibrary: UInt32 = 6
    private static let bundle: UInt32 = 8
    private static let segment64: UInt32 = 0x19
    private static let headerBytes: UInt64 = 32
    private static let segmentBytes: UInt64 = 72
    private static let sectionBytes: UInt64 = 80
    #if arch(arm64)
    private static let nativeProcessor: UInt32 = 0x0100_000c
    #else
    private static let nativeProcessor: UInt32 = 0x0100_0007
    #endif

    let file: BoundedBytes

    init(_ bytes: [UInt8]) throws(ObjectFileError) {
        file = BoundedBytes(bytes: bytes)
        guard file.load(UInt32.self, at: 0) == Self.magic else {
            throw ObjectFileError(
                message: "not a 64-bit Mach-O image (universal files are not read)")
        }
        guard file.load(UInt32.self, at: 4) == Self.nativeProcessor else {
            throw ObjectFileError(kind: .architecture, message: "made for another architecture")
        }
        let type = file.load(UInt32.self, at: 12)
        guard type == Self.dynamicLibrary || type == Self.bundle else {
            throw ObjectFileError(message: "not a dynamic library (another type of Mach-O file)")
        }
    }

    /// The content of a section, nil when there is none of that name.
    func section(_ name: String, in segment: String) throws(ObjectFileError) -> ArraySlice<UInt8>? {
        guard let count = file.load(UInt32.self, at: 16) else { throw truncated }
        var at = Self.headerBytes
        for _ in 0..<count {
            guard let command = file.load(UInt32.self, at: at),
                let size = file.load(UInt32.self, at: at + 4), size >= 8,
                file.range(at, UInt64(size)) != nil
            else { throw truncated }
            if command == Self.segment64,
                let found = try section(name, in: segment, command: at, size: UInt64(size))
            {
                return found
            }
            at += UInt64(size)
        }
        return nil
    }

    private func section(
        _ name: String, in segment: String, command: UInt64, size: UInt64
    ) throws(ObjectFileError) -> ArraySlice<UInt8>? {
        guard let count = file.load(UInt32.self, at: command + 64),
            Self.segmentBytes + UInt64(count) * Self.sectionBytes <= size
        else { throw truncated }
        for index in 0..<UInt64(count) {
            let at = command + Self.segmentBytes + index * Self.sectionBytes
            guard fixedText(at: at) == name, fixedText(at: at + 16) == segment else { continue }
            guard let length = file.load(UInt64.self, at: at + 40),
                let offset = file.load(UInt32.self, at: at + 48),
                let range = file.range(UInt64(offset), length)
            else { throw truncated }
            return file.bytes[range]
        }
        return nil
    }

    /// Text in a field of 16 bytes that is not terminated when it fills the field.
    private func fixedText(at offset: UInt64) -> String {
        guard let range = file.range(offset, 16) else { return "" }
        return String(decoding: file.bytes[range].prefix { $0 != 0 }, as: UTF8.self)
    }

    private var truncated: ObjectFileError {
        ObjectFileError(message: "truncated: it claims more than its \(file.bytes.count) bytes")
    }
}
#endif
