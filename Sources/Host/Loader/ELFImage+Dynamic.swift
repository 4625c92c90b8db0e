// Dynamic symbols and the dynamic section: what a shared object gives away and asks for.

extension ELFImage {
    /// A symbol that other images would see.
    struct Export: Equatable {
        var name: String
        var isUnique: Bool
    }

    private static let dynamicSymbols: UInt32 = 11
    private static let dynamicSection: UInt32 = 6
    private static let symbolBytes = 24
    private static let dynamicEntryBytes = 16
    private static let bindUnique: UInt8 = 10
    /// Made by the linker in every image; nobody can resolve them to anything of ours.
    private static let linkerSymbols: Set<String> = [
        "_init", "_fini", "_edata", "_end", "__bss_start",
    ]

    /// The defined, visible symbols of the dynamic symbol table.
    func exports() throws(ObjectFileError) -> [Export] {
        guard let table = section(ofType: Self.dynamicSymbols) else { return [] }
        let names = try linkedText(of: table)
        var found: [Export] = []
        for start in stride(
            from: table.data.lowerBound, to: table.data.upperBound, by: Self.symbolBytes)
        {
            let at = UInt64(start)
            guard let nameOffset = file.load(UInt32.self, at: at),
                let info = file.load(UInt8.self, at: at + 4),
                let other = file.load(UInt8.self, at: at + 5),
                let section = file.load(UInt16.self, at: at + 6)
            else { break }
            let isLocal = info >> 4 == 0
            let isHidden = other & 3 == 1 || other & 3 == 2
            guard section != 0, !isLocal, !isHidden else { continue }
            let name = file.text(at: UInt64(nameOffset), within: names) ?? "?"
            guard !Self.linkerSymbols.contains(name) else { continue }
            found.append(Export(name: name, isUnique: info >> 4 == Self.bindUnique))
        }
        return found
    }

    /// Folders in which the dynamic linker would look for libraries of this image.
    func libraryFolders() throws(ObjectFileError) -> [String] {
        let rpath: Int64 = 15
        let runpath: Int64 = 29
        guard let table = section(ofType: Self.dynamicSection) else { return [] }
        let names = try linkedText(of: table)
        return try dynamicEntries(table).filter { $0.tag == rpath || $0.tag == runpath }
            .flatMap { entry in
                (file.text(at: entry.value, within: names) ?? "").split(separator: ":").map(
                    String.init)
            }
    }

    /// Whether the dynamic linker would have to write into its code.
    func hasTextRelocations() throws(ObjectFileError) -> Bool {
        guard let table = section(ofType: Self.dynamicSection) else { return false }
        return try dynamicEntries(table).contains {
            $0.tag == 22 || ($0.tag == 30 && $0.value & 4 != 0)
        }
    }

    private func dynamicEntries(
        _ table: Section
    ) throws(ObjectFileError) -> [(tag: Int64, value: UInt64)] {
        var entries: [(tag: Int64, value: UInt64)] = []
        for start in stride(
            from: table.data.lowerBound, to: table.data.upperBound, by: Self.dynamicEntryBytes)
        {
            guard let tag = file.load(Int64.self, at: UInt64(start)),
                let value = file.load(UInt64.self, at: UInt64(start) + 8), tag != 0
            else { break }
            entries.append((tag, value))
        }
        return entries
    }

    private func linkedText(of section: Section) throws(ObjectFileError) -> Range<Int> {
        guard Int(section.link) < sections.count else {
            throw ObjectFileError(message: "damaged: section \(section.name) names no string table")
        }
        return sections[Int(section.link)].data
    }
}
