// Where a file of the distribution looks for the Swift run-time libraries.
import Commands
import Loader

enum RunPath {
    /// From `bin` and from `plugins`.
    static let ofDistribution = "$ORIGIN/../lib/swift"

    /// The file with another search path. It is replaced in place, in the room of the old one, so
    /// nothing else of the file moves.
    ///
    /// - Returns: The bytes as they are when the file has no search path, or needs none of these
    ///   libraries: islands, and plugins in other languages, whose search path is their own.
    static func replace(_ bytes: [UInt8], path: String) throws(BuildError) -> [UInt8] {
        let image = try Object.read(bytes, path)
        let needs = try withObject(path, image.neededLibraries)
        guard needs.contains(where: KnownLibraries.isSwift),
            let range = try withObject(path, image.runPathRange)
        else { return bytes }
        let text = Array(ofDistribution.utf8)
        guard text.count <= range.count else {
            throw BuildError(
                "\(path): its search path has room for \(range.count) bytes, expected at least "
                    + "\(text.count): link it with -Wl,-rpath,'\(ofDistribution)'")
        }
        var changed = bytes
        let padded = text + [UInt8](repeating: 0, count: range.count - text.count)
        changed.replaceSubrange(range, with: padded)
        let after = try Object.read(changed, path)
        let isSame: Bool = try withObject(path) { () throws(ObjectFileError) in
            try Self.isSame(image, after)
        }
        guard isSame else {
            throw BuildError("\(path): its search path shares its text with another name")
        }
        return changed
    }

    /// A linker may let two texts share their ends; then the other one would have changed, too.
    private static func isSame(
        _ before: ELFImage, _ after: ELFImage
    ) throws(ObjectFileError) -> Bool {
        guard try before.neededLibraries() == after.neededLibraries() else { return false }
        guard try before.exports() == after.exports() else { return false }
        return try before.imports() == after.imports()
    }
}

/// Shared objects and programs, read with errors for people.
enum Object {
    static func read(_ bytes: [UInt8], _ path: String) throws(BuildError) -> ELFImage {
        try withObject(path) { () throws(ObjectFileError) in try ELFImage(bytes) }
    }

    static func read(_ path: String) throws(BuildError) -> ELFImage {
        try read(
            try withFiles { () throws(FilesError) in try Files.read(path, bytesMax: .max) }, path)
    }

    static func needs(_ path: String) throws(BuildError) -> [String] {
        let image = try read(path)
        return try withObject(path, image.neededLibraries)
    }
}
