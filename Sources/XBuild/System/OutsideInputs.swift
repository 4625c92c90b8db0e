// Files outside of a plugin's folder that its build has read: headers of the system, libraries,
// packages beside it.
import Base
import Commands
import Services

/// They are known after a build only; its result is used again while all are as they were.
struct OutsideInputs: Equatable {
    /// SHA-256 by path; of everything in it when the path is a folder, empty when there is none.
    private(set) var hashes: [String: String] = [:]

    static let fileName = "inputs.json"

    /// - Parameter inside: Folders that are part of what the build is named by, or are its own.
    init(_ paths: some Sequence<String>, except inside: [String]) {
        for path in Set(paths.map(Paths.absolute)) {
            let isInside = inside.contains { path == $0 || path.hasPrefix("\($0)/") }
            if !isInside { hashes[path] = Self.hash(path) }
        }
    }

    init(_ value: JSONValue?) {
        hashes = (value?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }

    var json: JSONValue { .object(hashes.mapValues { .string($0) }) }

    var isCurrent: Bool { hashes.allSatisfy { Self.hash($0.key) == $0.value } }

    /// What a result was made from; false when it does not say.
    static func areCurrent(of result: String) -> Bool {
        guard let text = try? Files.read("\(result)/\(fileName)", bytesMax: .max),
            let value = try? JSONValue(parsing: text)
        else { return false }
        return OutsideInputs(value).isCurrent
    }

    func write(to result: String) throws(BuildError) {
        let text = IndentedJSON.format(json.serialized()) + "\n"
        try withFiles { () throws(FilesError) in
            try Folders.write(text, to: "\(result)/\(Self.fileName)")
        }
    }

    private static func hash(_ path: String) -> String {
        if Folders.isFolder(path) {
            var key = ContentKey()
            try? key.add(folder: path, as: "", except: [".build", "target"])
            return key.value
        }
        guard Folders.isFile(path), let bytes = try? Files.read(path, bytesMax: .max) else {
            return ""
        }
        return ContentDigest.sha256(bytes)
    }
}
