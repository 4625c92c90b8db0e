// What a compiler says of itself: rustup and swiftly put the same program before every version.
import Base
import Commands

/// Asked once for each folder, because such programs choose by what is in it.
enum CompilerVersion {
    nonisolated(unsafe) private static var known: [String: String] = [:]

    static func of(
        _ tool: Tool, _ arguments: [String], in folder: String
    ) throws(BuildError) -> String {
        let call = ([tool.path] + arguments + [folder]).joined(separator: " ")
        if let version = known[call] { return version }
        let version = try tool.run(
            arguments, in: folder, failure: "\(tool.path) does not say its version")
        known[call] = version
        return version
    }
}

/// The Swift toolchain that is used in a folder.
struct SwiftToolchain {
    let compiler: Tool
    /// Version, target and folders, as the compiler tells them.
    let information: String
    /// The folder of the run-time libraries.
    let libraries: String

    init(in folder: String = Paths.current) throws(BuildError) {
        compiler = try Tools.swiftCompiler()
        information = try CompilerVersion.of(compiler, ["-print-target-info"], in: folder)
        let paths = (try? JSONValue(parsing: Array(information.utf8)))?["paths"]
        let folders = paths?["runtimeLibraryPaths"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let found = folders.first { Folders.isFile("\($0)/libswiftCore.so") }
        guard let found else {
            throw BuildError(
                "no libswiftCore.so in \(folders.joined(separator: ", ")): the Swift toolchain of "
                    + "\(compiler.path) is not complete")
        }
        libraries = found
    }

    /// Changes with the version, and with another build of the same version.
    var identity: String {
        let core = Files.stamp("\(libraries)/libswiftCore.so")
        return "\(information) \(core?.size ?? 0) \(core?.seconds ?? 0)"
    }

    /// The licence of its run-time libraries.
    var licence: String { Paths.absolute("\(libraries)/../../../share/swift/LICENSE.txt") }
}
