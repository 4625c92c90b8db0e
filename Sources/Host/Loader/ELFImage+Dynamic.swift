// Dynamic symbols and the dynamic section: what a shared object gives away and asks for.

extension ELFImage {
    /// A symbol that other images would see.
    package struct Export: Equatable {
        package var name: String
        package var isUnique: Bool
    }

    /// A symbol that another image has to give.
    package struct Import: Equatable {
        package var name: String
        /// The image works without it.
        package var isWeak: Bool
    }

    private static let dynamicSymbols: UInt32 = 11
    private static let dynamicSection: UInt32 = 6
    private static let symbolBytes = 24
    private static let dynamicEntryBytes = 16
    private static let bindWeak: UInt8 = 2
    private static let bindUnique: UInt8 = 10
    /// Made by the linker in every image; nobody can resolve them to anything of ours.
    private static let linkerSymbols: Set<String> = [
        "_init", "_fini", "_edata", "_end", "__bss_start",
    ]

    /// The defined, visible symbols of the dynamic symbol table.
    package func exports() throws(ObjectFileError) -> [Export] {
        try dynamicSymbols().filter { symbol in
            symbol.isDefined && !symbol.isLocal && !symbol.isHidden
                && !Self.linkerSymbols.contains(symbol.name)
        }.map { Export(name: $0.name, isUnique: $0.binding == Self.bindUnique) }
    }

    /// The symbols that it expects of others.
    package func imports() throws(ObjectFileError) -> [Import] {
        try dynamicSymbols().filter { !$0.isDefined && !$0.isLocal && !$0.name.isEmpty }
            .map { Import(name: $0.name, isWeak: $0.binding == Self.bindWeak) }
    }

    /// Names of the libraries that are loaded with it (DT_NEEDED).
    package func neededLibraries() throws(ObjectFileError) -> [String] {
        try dynamicTexts([1])
    }

    /// Folders in which the dynamic linker would look for libraries of this image.
    package func libraryFolders() throws(ObjectFileError) -> [String] {
        let rpath: Int64 = 15
        let runpath: Int64 = 29
        return try dynamicTexts([rpath, runpath]).flatMap {
            $0.split(separator: ":").map(String.init)
        }
    }

    /// Whether the dynamic linker would have to write into its code.
    package func hasTextRelocations() throws(ObjectFileError) -> Bool {
        guard let table = section(ofType: Self.dynamicSection) else { return false }
        return try dynamicEntries(table).contains {
            $0.tag == 22 || ($0.tag == 30 && $0.value & 4 != 0)
        }
    }

    private struct Symbol {
        var name: String
        var binding: UInt8
        var isDefined: Bool
        var isHidden: Bool
        var isLocal: Bool { binding == 0 }
    }

    private func dynamicSymbols() throws(ObjectFileError) -> [Symbol] {
        guard let table = section(ofType: Self.dynamicSymbols) else { return [] }
        let names = try linkedText(of: table)
        var found: [Symbol] = []
        for start in stride(
            from: table.data.lowerBound, to: table.data.upperBound, by: Self.symbolBytes)
        {
            let at = UInt64(start)
            guard let nameOffset = file.load(UInt32.self, at: at),
                let info = file.load(UInt8.self, at: at + 4),
                let other = file.load(UInt8.self, at: at + 5),
                let section = file.load(UInt16.self, at: at + 6)
            else { break }
            found.append(
                Symbol(
                    name: file.text(at: UInt64(nameOffset), within: names) ?? "?",
                    binding: info >> 4, isDefined: section != 0,
                    isHidden: other & 3 == 1 || other & 3 == 2))
        }
        return found
    }

    /// Texts that entries of these tags name.
    private func dynamicTexts(_ tags: Set<Int64>) throws(ObjectFileError) -> [String] {
        guard let table = section(ofType: Self.dynamicSection) else { return [] }
        let names = try linkedText(of: table)
        return try dynamicEntries(table).filter { tags.contains($0.tag) }
            .map { file.text(at: $0.value, within: names) ?? "" }
    }

    /// Where the text of the run-time search path stands in the file, nil when it has none.
    package func runPathRange() throws(ObjectFileError) -> Range<Int>? {
        guard let table = section(ofType: Self.dynamicSection) else { return nil }
        let names = try linkedText(of: table)
        let entries = try dynamicEntries(table)
        guard let entry = entries.first(where: { $0.tag == 15 || $0.tag == 29 }),
            let text = file.text(at: entry.value, within: names)
        else { return nil }
        let start = names.lowerBound + Int(entry.value)
        return start..<(start + text.utf8.count)
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
