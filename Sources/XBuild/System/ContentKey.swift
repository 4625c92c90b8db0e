// What a build is named by: everything that goes into it.
import Commands
import Services

/// Collects inputs; equal inputs give equal keys.
struct ContentKey {
    private var lines: [String] = []

    mutating func add(_ name: String, _ value: String) { lines.append("\(name)=\(value)\n") }

    mutating func add(tool: Tool) { add("tool", tool.identity) }

    /// Everything in a folder: names, permissions to execute, contents, targets of links.
    mutating func add(folder: String, as name: String) throws(BuildError) {
        var files = 0
        try add(folder: folder, name, &files)
    }

    mutating func add(file: String, as name: String) throws(BuildError) {
        let bytes = try withFiles { () throws(FilesError) in
            try Files.read(file, bytesMax: Self.fileBytesMax)
        }
        add(Folders.isExecutable(file) ? "program" : "file", name)
        add("sha256", ContentDigest.sha256(bytes))
    }

    var value: String { ContentDigest.sha256(lines.flatMap { Array($0.utf8) }) }

    /// What tools leave in a source folder, and what says where it came from.
    private static let ignored: Set = [
        ".git", ".build", ".swiftpm", "target", ".zig-cache", "zig-cache", "zig-out",
        "node_modules",
        ".gatewright",
    ]
    private static let filesMax = 20_000
    private static let fileBytesMax = 256 * 1024 * 1024

    private mutating func add(
        folder: String, _ name: String, _ files: inout Int
    ) throws(BuildError) {
        for entry in Folders.entries(folder) where !Self.ignored.contains(entry) {
            files += 1
            guard files <= Self.filesMax else {
                throw BuildError("\(folder) has more than \(Self.filesMax) files, is it a plugin?")
            }
            let path = "\(folder)/\(entry)"
            switch Folders.kind(path) {
            case .folder: try add(folder: path, "\(name)/\(entry)", &files)
            case .link: add("link \(name)/\(entry)", Folders.linkTarget(path))
            case .file: try add(file: path, as: "\(name)/\(entry)")
            case .other, nil: break
            }
        }
    }
}
