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

    /// Writes it to a folder, in one step.
    ///
    /// - Throws: `BuildError`; then the folder is as it was.
    func write(to target: String, cache: Cache) throws(BuildError) {
        try Self.requireReplaceable(target)
        let staged = try StagedFolder(for: target)
        let root = staged.path
        try writeProgram(root, cache)
        let libraries = try writeLibraries(root)
        try writeRest(root, libraries)
        let hashes = try LockFile.hashes(of: root)
        let lock = LockFile.text(self, files: hashes, system: libraries.system.sorted())
        try withFiles { () throws(FilesError) in
            try Folders.write(lock, to: "\(root)/\(PluginLock.fileName)")
        }
        try TrialRun.run(root, plugins: plugins.map(\.name))
        try Interruption.check()
        try staged.commit()
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
        let folder = try Tools.swiftLibraries()
        let libraries = try RuntimeLibraries(neededBy: files, folder: folder)
        try withFiles { () throws(FilesError) in
            try Folders.make("\(root)/lib/swift")
            for (name, path) in libraries.swift {
                try Folders.copy(path, to: "\(root)/lib/swift/\(name)", mode: 0o644)
            }
        }
        return libraries
    }

    private func writeRest(_ root: String, _ libraries: RuntimeLibraries) throws(BuildError) {
        let packages = try libraries.debianPackages()
        let usesSwift = !libraries.swift.isEmpty || mode == .island
        try withFiles { () throws(FilesError) in
            try Folders.write(
                Accompaniments.unit(folder: "/opt/gatewright"),
                to: "\(root)/systemd/gatewright.service")
            try Folders.write(
                Accompaniments.dockerfile(packages: packages), to: "\(root)/Dockerfile")
            try copyLicences(of: checkout.folder, as: "gatewright", root)
            if usesSwift {
                try Folders.write(
                    Accompaniments.swiftNotice, to: "\(root)/licences/swift/NOTICE")
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
