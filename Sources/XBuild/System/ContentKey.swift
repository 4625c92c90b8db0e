// What a build is named by: everything that goes into it.
import Commands
import Services

/// Collects inputs; equal inputs give equal keys.
struct ContentKey {
    private var lines: [String] = []

    mutating func add(_ name: String, _ value: String) { lines.append("\(name)=\(value)\n") }

    mutating func add(tool: Tool) { add("tool", tool.identity) }

    /// Everything in a folder: names, permissions to execute, contents, and what links lead to.
    ///
    /// - Parameter outputs: Names in the folder itself that tools write and nothing reads.
    mutating func add(
        folder: String, as name: String, except outputs: Set<String> = []
    ) throws(BuildError) {
        var files = 0
        let entries = Folders.entries(folder).filter { !outputs.contains($0) && $0 != ".git" }
        let top = Paths.resolved(folder) ?? folder
        for entry in entries { try add(entry: entry, of: folder, name, [top], &files) }
    }

    mutating func add(file: String, as name: String) throws(BuildError) {
        let bytes = try withFiles { () throws(FilesError) in
            try Files.read(file, bytesMax: Self.fileBytesMax)
        }
        add(Folders.isExecutable(file) ? "program" : "file", name)
        add("sha256", ContentDigest.sha256(bytes))
    }

    var value: String { ContentDigest.sha256(lines.flatMap { Array($0.utf8) }) }

    private static let filesMax = 20_000
    private static let fileBytesMax = 256 * 1024 * 1024

    /// - Parameter above: The folders that this one is in, with links followed: a link to one of
    ///   them adds nothing.
    private mutating func add(
        entry: String, of folder: String, _ name: String, _ above: [String], _ files: inout Int
    ) throws(BuildError) {
        files += 1
        guard files <= Self.filesMax else {
            throw BuildError("\(folder) has more than \(Self.filesMax) files, is it a plugin?")
        }
        let (path, name) = ("\(folder)/\(entry)", "\(name)/\(entry)")
        if Folders.kind(path) == .link { add("link \(name)", Folders.linkTarget(path)) }
        if Folders.isFile(path) {
            try add(file: path, as: name)
        } else if Folders.isFolder(path), let real = Paths.resolved(path), !above.contains(real) {
            add("folder", name)
            for below in Folders.entries(path) {
                try add(entry: below, of: path, name, above + [real], &files)
            }
        }
    }
}
