// What is done to a shared object or program after it was linked.
import Commands
import Loader
import Services

enum FinishedObject {
    /// Takes out what only a debugger reads. The build id stays.
    static func strip(_ path: String) throws(BuildError) {
        try Tools.strip().run(["--strip-all", path], failure: "objcopy cannot strip \(path)")
    }

    /// A package's manifest names the usual mode; the host has to know that this one is an island.
    static func markIsland(_ path: String) throws(BuildError) {
        let bytes = try withFiles { () throws(FilesError) in try Files.read(path, bytesMax: .max) }
        let marked = try markedIsland(bytes, path)
        try withFiles { () throws(FilesError) in try Folders.write(marked, to: path, mode: 0o755) }
    }

    /// Swift leaves a hash of its command line behind, with every folder in it, and the linker's
    /// build id covers that hash. The hash goes, and the build id is made from the rest.
    static func makeReproducible(_ path: String) throws(BuildError) {
        var bytes = try withFiles { () throws(FilesError) in try Files.read(path, bytesMax: .max) }
        let object = try Object.read(bytes, path)
        let noteHeaderBytes = 16
        let note = object.section(named: ".note.gnu.build-id")?.data ?? 0..<0
        let buildID = note.dropFirst(noteHeaderBytes)
        let commandHash = object.section(named: ".swift_modhash")?.data ?? 0..<0
        for index in commandHash { bytes[index] = 0 }
        for index in buildID { bytes[index] = 0 }
        let digest = Array(ContentDigest.sha256(bytes).utf8)
        for (index, letter) in zip(buildID, digest) { bytes[index] = letter }
        let finished = bytes
        try withFiles { () throws(FilesError) in try Folders.write(finished, to: path, mode: 0o755)
        }
    }

    /// Both names have the same length, so nothing of the file moves.
    static func markedIsland(_ bytes: [UInt8], _ path: String) throws(BuildError) -> [UInt8] {
        guard let section = try Object.read(bytes, path).section(named: ".gwmanifest") else {
            return bytes
        }
        let (shared, island) = (Array("\"shared\"".utf8), Array("\"island\"".utf8))
        var bytes = bytes
        for start in section.data where bytes[start...].starts(with: shared) {
            bytes.replaceSubrange(start..<(start + shared.count), with: island)
        }
        return bytes
    }
}
