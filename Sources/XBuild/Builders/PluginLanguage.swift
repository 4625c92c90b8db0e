// In which language a plugin is written, and how Swift is put into it.

enum PluginLanguage: String, CaseIterable {
    case c
    case cxx = "c++"
    case rust
    case swift
    case swiftEmbedded = "swift-embedded"
    case zig

    /// What its tools leave at the root of a package when people run them there.
    var outputs: Set<String> {
        switch self {
        case .rust: ["target"]
        case .swift: [".build"]
        case .zig: [".zig-cache", "zig-cache", "zig-out"]
        case .c, .cxx, .swiftEmbedded: []
        }
    }

    /// What the files of a folder say. A Makefile is never run.
    ///
    /// - Throws: `BuildError` when it looks like none, with what was looked for.
    static func detect(_ folder: String) throws(BuildError) -> PluginLanguage {
        if Folders.isFile("\(folder)/Package.swift") { return .swift }
        if Folders.isFile("\(folder)/Cargo.toml") { return .rust }
        if Folders.isFile("\(folder)/build.zig") { return .zig }
        let suffixes = Set(SourceFiles.inFolder(folder).map(Paths.suffix))
        if !suffixes.isDisjoint(with: SourceFiles.cxxSuffixes) { return .cxx }
        if suffixes.contains("c") { return .c }
        if suffixes.contains("swift") { return .swiftEmbedded }
        if suffixes.contains("zig") { return .zig }
        throw BuildError(
            "\(folder) is no plugin: no Package.swift, Cargo.toml, build.zig, *.c, *.cc, *.cpp, "
                + "*.swift or *.zig in it or its src folder")
    }
}

/// How the Swift run-time library comes to a Swift plugin.
enum PluginMode: String, CaseIterable {
    /// One copy for the host and all plugins, in `lib/swift`.
    case shared
    /// A copy inside of each plugin.
    case island
    /// None: Embedded Swift.
    case embedded

    init(option: String?) throws(BuildError) {
        guard let mode = PluginMode(rawValue: option ?? "shared") else {
            throw BuildError("--mode \(option ?? ""): expected shared, island or embedded")
        }
        self = mode
    }
}

/// The sources of a plugin that is no package: those in its folder and in its `src` folder.
enum SourceFiles {
    static let cxxSuffixes: Set = ["cc", "cpp", "cxx"]
    private static let suffixes: Set = ["c", "cc", "cpp", "cxx", "swift", "zig"]

    /// Paths from the folder.
    static func inFolder(_ folder: String) -> [String] {
        let top = Folders.entries(folder)
        let below = Folders.entries("\(folder)/src").map { "src/\($0)" }
        return (top + below).filter { path in
            suffixes.contains(Paths.suffix(path)) && Folders.isFile("\(folder)/\(path)")
                && Paths.name(path) != "Package.swift"
        }
    }
}
