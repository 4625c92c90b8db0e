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
        try collect(folder, "", &hashes)
        return hashes
    }

    private static func collect(
        _ root: String, _ below: String, _ hashes: inout [String: String]
    ) throws(BuildError) {
        for entry in Folders.entries("\(root)/\(below)") {
            let path = below.isEmpty ? entry : "\(below)/\(entry)"
            if Folders.kind("\(root)/\(path)") == .folder {
                try collect(root, path, &hashes)
            } else {
                hashes[path] = ContentDigest.sha256(
                    try withFiles { () throws(FilesError) in
                        try Files.read("\(root)/\(path)", bytesMax: .max)
                    })
            }
        }
    }
}
