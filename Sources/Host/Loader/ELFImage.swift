// A small reader of ELF64 shared objects (System V ABI, chapters 4 and 5): sections and headers.

/// The parts of a shared object that the loader looks at before it is mapped.
///
/// Any bytes may be given; whatever they claim is checked against the file's size.
package struct ELFImage {
    package struct Section {
        package var name: String
        var type: UInt32
        var link: UInt32
        /// Of the file.
        package var data: Range<Int>
    }

    let file: BoundedBytes
    package private(set) var sections: [Section] = []
    package private(set) var hasExecutableStack = false

    #if arch(arm64)
    private static let nativeMachine: UInt16 = 183
    #else
    private static let nativeMachine: UInt16 = 62
    #endif
    private static let headerBytes: UInt64 = 64
    private static let sectionHeaderBytes: UInt64 = 64
    private static let programHeaderBytes: UInt64 = 56
    private static let noBits: UInt32 = 8
    private static let loadable: UInt32 = 1
    private static let gnuStack: UInt32 = 0x6474_e551

    package init(_ bytes: [UInt8]) throws(ObjectFileError) {
        file = BoundedBytes(bytes: bytes)
        try checkIdentity()
        try readProgramHeaders()
        try readSections()
    }

    package func section(named name: String) -> Section? { sections.first { $0.name == name } }
    func section(ofType type: UInt32) -> Section? { sections.first { $0.type == type } }

    private func checkIdentity() throws(ObjectFileError) {
        let bytes = file.bytes
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
            throw ObjectFileError(
                message: bytes.isEmpty ? "the file is empty" : "not a shared object (no ELF header)"
            )
        }
        guard bytes.count >= Self.headerBytes else { throw truncated("header") }
        guard bytes[4] == 2, bytes[5] == 1 else {
            throw ObjectFileError(
                kind: .architecture,
                message: "made for another architecture (ELF class \(bytes[4]), data \(bytes[5]), "
                    + "expected 64-bit little-endian)")
        }
        let machine = file.load(UInt16.self, at: 18) ?? 0
        guard machine == Self.nativeMachine else {
            throw ObjectFileError(
                kind: .architecture,
                message: "made for another architecture (ELF machine \(Self.name(of: machine)), "
                    + "expected \(Self.name(of: Self.nativeMachine)))")
        }
        guard file.load(UInt16.self, at: 16) == 3 else {
            throw ObjectFileError(message: "not a shared object (another type of ELF file)")
        }
    }

    private mutating func readProgramHeaders() throws(ObjectFileError) {
        guard let offset = file.load(UInt64.self, at: 32),
            let size = file.load(UInt16.self, at: 54),
            let count = file.load(UInt16.self, at: 56),
            count == 0 || size >= Self.programHeaderBytes,
            let table = file.range(offset, UInt64(size) * UInt64(count))
        else { throw truncated("program headers") }
        for index in 0..<Int(count) {
            let at = UInt64(table.lowerBound + index * Int(size))
            guard let type = file.load(UInt32.self, at: at),
                let flags = file.load(UInt32.self, at: at + 4)
            else { throw truncated("program headers") }
            if type == Self.gnuStack, flags & 1 != 0 { hasExecutableStack = true }
            if type == Self.loadable { try checkSegment(at: at) }
        }
    }

    /// A segment beyond the end of the file could be mapped but not touched.
    private func checkSegment(at header: UInt64) throws(ObjectFileError) {
        guard let offset = file.load(UInt64.self, at: header + 8),
            let size = file.load(UInt64.self, at: header + 32), file.range(offset, size) != nil
        else { throw truncated("segments") }
    }

    private mutating func readSections() throws(ObjectFileError) {
        guard let offset = file.load(UInt64.self, at: 40),
            let size = file.load(UInt16.self, at: 58),
            let count = file.load(UInt16.self, at: 60),
            let namesIndex = file.load(UInt16.self, at: 62)
        else { throw truncated("header") }
        guard count > 0, size >= Self.sectionHeaderBytes, namesIndex < count else {
            throw ObjectFileError(message: "has no section table (stripped too far?)")
        }
        guard let table = file.range(offset, UInt64(size) * UInt64(count)) else {
            throw truncated("section table")
        }
        let starts = (0..<Int(count)).map { UInt64(table.lowerBound + $0 * Int(size)) }
        let names = try sectionData(at: starts[Int(namesIndex)])
        for start in starts {
            let name = file.load(UInt32.self, at: start).flatMap {
                file.text(at: UInt64($0), within: names)
            }
            sections.append(
                Section(
                    name: name ?? "", type: file.load(UInt32.self, at: start + 4) ?? 0,
                    link: file.load(UInt32.self, at: start + 40) ?? 0,
                    data: try sectionData(at: start)))
        }
    }

    /// The bytes in the file of the section whose header is at `start`.
    private func sectionData(at start: UInt64) throws(ObjectFileError) -> Range<Int> {
        guard let type = file.load(UInt32.self, at: start + 4),
            let offset = file.load(UInt64.self, at: start + 24),
            let size = file.load(UInt64.self, at: start + 32)
        else { throw truncated("section table") }
        if type == Self.noBits { return 0..<0 }
        guard let range = file.range(offset, size) else { throw truncated("sections") }
        return range
    }

    private func truncated(_ part: String) -> ObjectFileError {
        ObjectFileError(
            message: "truncated: its \(part) reach beyond the \(file.bytes.count) bytes of the file"
        )
    }

    private static func name(of machine: UInt16) -> String {
        switch machine {
        case 3: "x86"
        case 40: "arm"
        case 62: "x86-64"
        case 183: "aarch64"
        case 243: "riscv"
        default: "\(machine)"
        }
    }
}
