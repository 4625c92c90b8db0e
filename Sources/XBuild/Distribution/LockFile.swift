// gatewright.lock.json: what a distribution is made of, and the hash of every file.
import Base
import Commands
import Loader
import Services

enum LockFile {
    static func text(
        _ distribution: Distribution, files: [String: String], system: [String]
    ) -> String {
        var gatewright: [String: JSONValue] = [
            "version": .string(distribution.version), "mode": .string(distribution.mode.rawValue),
        ]
        if let revision = distribution.revision { gatewright["revision"] = .string(revision) }
        let value: JSONValue = [
            "lock_version": .int(PluginLock.version), "gatewright": .object(gatewright),
            "plugins": .array(distribution.plugins.map(\.lockEntry)),
            "system_libraries": .array(system.map { .string($0) }),
            "files": .object(files.mapValues { .string($0) }),
        ]
        return IndentedJSON.format(value.serialized()) + "\n"
    }

    /// SHA-256 of every file below a folder, by path from there.
    static func hashes(of folder: String) throws(BuildError) -> [String: String] {
        var hashes: [String: String] = [:]
        for path in paths(in: folder) {
            hashes[path] = ContentDigest.sha256(
                try withFiles { () throws(FilesError) in
                    try Files.read("\(folder)/\(path)", bytesMax: .max)
                })
        }
        return hashes
    }

    /// Files of a folder with a lock file that are not the distribution's; nil when the folder has
    /// no lock file that can be read.
    static func strangers(in folder: String) -> [String]? {
        guard let bytes = try? Files.read("\(folder)/\(PluginLock.fileName)", bytesMax: .max),
            let known = (try? JSONValue(parsing: bytes))?["files"]?.objectValue
        else { return nil }
        return paths(in: folder).filter { known[$0] == nil && $0 != PluginLock.fileName }
    }

    /// Everything below a folder that is no folder, by path from there.
    private static func paths(in root: String, below: String = "") -> [String] {
        Folders.entries("\(root)/\(below)").flatMap { entry in
            let path = below.isEmpty ? entry : "\(below)/\(entry)"
            return Folders.kind("\(root)/\(path)") == .folder
                ? paths(in: root, below: path) : [path]
        }
    }
}
