// A gateway with its plugins in one folder that runs wherever it is put.
import Base
import Commands
import Loader

/// What goes into a distribution.
struct Distribution {
    let checkout: Checkout
    let host: HostBuild
    let mode: PluginMode
    let plugins: [PluginPart]
    let version: String
    let revision: String?

    /// Writes it to a folder, and archives beside it. All are complete before the first one takes
    /// its place.
    ///
    /// - Returns: The paths of the archives.
    /// - Throws: `BuildError`; then everything is as it was.
    func write(
        to target: String, archives kinds: [Archive.Kind] = [], cache: Cache
    ) throws(BuildError) -> [String] {
        try Self.requireReplaceable(target)
        let staged = try StagedFolder(for: target)
        let root = "\(staged.path)/\(Paths.name(target))"
        try withFiles { () throws(FilesError) in try Folders.make(root) }
        let packages = try writeContents(root, cache)
        try TrialRun.run(root, plugins: plugins.map(\.name))
        try withFiles { () throws(FilesError) in try Folders.normalizeModes(root) }
        let archive = Archive(of: root, version: version, packages: packages)
        let beside = Paths.folder(target)
        var made: [String] = []
        for kind in kinds {
            try Archive.requireReplaceable("\(beside)/\(archive.name(kind))")
            made.append(try archive.write(kind, to: staged.path))
        }
        try Interruption.check()
        for path in made { try StagedFolder.place(path, at: "\(beside)/\(Paths.name(path))") }
        try StagedFolder.place(root, at: target)
        return made.map { "\(beside)/\(Paths.name($0))" }
    }

    /// - Returns: The packages that have the system libraries.
    private func writeContents(_ root: String, _ cache: Cache) throws(BuildError) -> [String] {
        try writeProgram(root, cache)
        let libraries = try writeLibraries(root)
        let packages = try libraries.debianPackages()
        try writeRest(root, libraries, packages)
        let hashes = try LockFile.hashes(of: root)
        let lock = LockFile.text(self, files: hashes, system: libraries.system.sorted())
        try withFiles { () throws(FilesError) in
            try Folders.write(lock, to: "\(root)/\(PluginLock.fileName)")
        }
        return packages
    }

    private func writeProgram(_ root: String, _ cache: Cache) throws(BuildError) {
        let program = try StrippedCopy.make(of: host.program, cache)
        let bytes = try withFiles { () throws(FilesError) in try Files.read(program, bytesMax: .max)
        }
        let relocatable = try RunPath.replace(bytes, path: program)
        try withFiles { () throws(FilesError) in
            try Folders.write(relocatable, to: "\(root)/bin/gatewright", mode: 0o755)
            try Folders.make("\(root)/plugins")
            for plugin in plugins {
                try Folders.write(
                    plugin.bytes, to: "\(root)/plugins/\(plugin.name).so", mode: 0o644)
            }
        }
    }

    private func writeLibraries(_ root: String) throws(BuildError) -> RuntimeLibraries {
        let files = ["\(root)/bin/gatewright"] + plugins.map { "\(root)/plugins/\($0.name).so" }
        let folder = try SwiftToolchain(in: checkout.folder).libraries
        let libraries = try RuntimeLibraries(neededBy: files, folder: folder)
        try withFiles { () throws(FilesError) in
            try Folders.make("\(root)/lib/swift")
            for (name, path) in libraries.swift {
                try Folders.copy(path, to: "\(root)/lib/swift/\(name)", mode: 0o644)
            }
        }
        return libraries
    }

    private func writeRest(
        _ root: String, _ libraries: RuntimeLibraries, _ packages: [String]
    ) throws(BuildError) {
        let swiftLicence = try SwiftToolchain(in: checkout.folder).licence
        let usesSwift = !libraries.swift.isEmpty || mode == .island
        try withFiles { () throws(FilesError) in
            try Folders.write(
                Accompaniments.unit(folder: "/opt/gatewright"),
                to: "\(root)/systemd/gatewright.service")
            if let base = BaseImage.ofThisMachine() {
                try Folders.write(
                    Accompaniments.dockerfile(base: base, packages: packages),
                    to: "\(root)/Dockerfile")
            } else {
                Progress.say(
                    "no Dockerfile: it installs packages with apt, and this machine is neither "
                        + "Debian nor Ubuntu (/etc/os-release)")
            }
            try copyLicences(of: checkout.folder, as: "gatewright", root)
            if usesSwift {
                try Folders.write(
                    Accompaniments.swiftNotice, to: "\(root)/licences/swift/NOTICE")
                // Packages of Swift that leave it out exist; it is the text of Gatewright's own.
                let text =
                    Folders.isFile(swiftLicence) ? swiftLicence : "\(checkout.folder)/LICENSE"
                try Folders.copy(text, to: "\(root)/licences/swift/LICENSE.txt", mode: 0o644)
            }
            for plugin in plugins {
                if let folder = plugin.folder {
                    try copyLicences(of: folder, as: plugin.name, root)
                }
            }
        }
    }

    private func copyLicences(
        of folder: String, as name: String, _ root: String
    ) throws(FilesError) {
        for file in Accompaniments.licences(in: folder) {
            try Folders.copy(
                "\(folder)/\(file)", to: "\(root)/licences/\(name)/\(file)", mode: 0o644)
        }
    }

    /// A folder that is no distribution is somebody's, and so is what was put into one.
    static func requireReplaceable(_ target: String) throws(BuildError) {
        guard Folders.kind(target) != nil else { return }
        guard Folders.kind(target) == .folder else {
            throw BuildError("\(target) is there already and no folder")
        }
        if Folders.entries(target).isEmpty { return }
        guard let strangers = LockFile.strangers(in: target) else {
            throw BuildError(
                "\(target) is there already and no distribution of xbuild: name another folder "
                    + "with --output, or remove it")
        }
        if let first = strangers.first {
            throw BuildError(
                "\(target) holds \(first), which xbuild did not make: move it elsewhere, or name "
                    + "another folder with --output")
        }
    }
}
