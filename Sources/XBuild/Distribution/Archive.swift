// A distribution in one file: .tar.gz and .deb, the same bytes for the same content.
import Commands

struct Archive {
    enum Kind {
        case tarball, debianPackage
    }

    private let folder: String
    private let version: String
    private let packages: [String]

    /// - Parameters:
    ///   - folder: The distribution; the tarball has a folder of its name.
    ///   - packages: The Debian packages that it needs.
    init(of folder: String, version: String, packages: [String]) {
        self.folder = folder
        self.version = version
        self.packages = packages
    }

    #if arch(arm64)
    private static let architecture = "arm64"
    #else
    private static let architecture = "amd64"
    #endif

    func name(_ kind: Kind) -> String {
        switch kind {
        case .tarball: "\(Paths.name(folder)).tar.gz"
        case .debianPackage: "gatewright_\(version)_\(Self.architecture).deb"
        }
    }

    /// - Returns: Its path in the folder `target`.
    func write(_ kind: Kind, to target: String) throws(BuildError) -> String {
        let work = "\(target)/.archive"
        defer { Folders.remove(work) }
        try withFiles { () throws(FilesError) in try Folders.make(work) }
        let made =
            switch kind {
            case .tarball: try tarball(work)
            case .debianPackage: try debianPackage(work)
            }
        let path = "\(target)/\(name(kind))"
        try withFiles { () throws(FilesError) in
            try Folders.rename(made, to: path)
            try Folders.normalizeModes(path)
        }
        return path
    }

    static func requireReplaceable(_ path: String) throws(BuildError) {
        guard Folders.kind(path) == nil || Folders.kind(path) == .file else {
            throw BuildError("\(path) is there already and no file")
        }
    }

    private func tarball(_ work: String) throws(BuildError) -> String {
        let tar = "\(work)/archive.tar"
        try pack(Paths.folder(folder), [Paths.name(folder)], into: tar)
        return try compress(tar)
    }

    private func debianPackage(_ work: String) throws(BuildError) -> String {
        try withFiles { () throws(FilesError) in
            try layOut("\(work)/data")
            try Folders.write(control, to: "\(work)/control/control")
            try Folders.write("2.0\n", to: "\(work)/debian-binary")
            try Folders.normalizeModes(work)
        }
        for part in ["control", "data"] {
            try pack("\(work)/\(part)", ["."], into: "\(work)/\(part).tar")
            _ = try compress("\(work)/\(part).tar")
        }
        let package = "\(work)/package.deb"
        try run(
            try Tools.ar(), ["rcD", package, "debian-binary", "control.tar.gz", "data.tar.gz"],
            in: work,
            failure: "ar cannot write the package")
        return package
    }

    /// Not every tool says why it could not write.
    private func run(
        _ tool: Tool, _ arguments: [String], in work: String? = nil,
        environment: [String: String?] = [:], failure: String
    ) throws(BuildError) {
        do throws(BuildError) {
            try tool.run(arguments, in: work, environment: environment, failure: failure)
        } catch {
            let reason = Folders.isFull(folder) ? ": no space left on device" : ""
            throw BuildError(error.message + reason, output: error.output)
        }
    }

    private func pack(
        _ folder: String, _ entries: [String], into tar: String
    ) throws(BuildError) {
        try run(
            try Tools.tar(),
            [
                "--create", "--file", tar, "--format=gnu", "--sort=name", "--mtime=@0", "--owner=0",
                "--group=0", "--numeric-owner", "--directory", folder, "--",
            ] + entries, environment: ["TAR_OPTIONS": nil], failure: "tar cannot write \(tar)")
    }

    private func compress(_ tar: String) throws(BuildError) -> String {
        try run(
            try Tools.gzip(), ["-n", "-9", "-f", tar], environment: ["GZIP": nil],
            failure: "gzip cannot write \(tar).gz")
        return "\(tar).gz"
    }

    /// The folders of a Debian system: all in /usr/lib/gatewright, the program on PATH, the unit.
    private func layOut(_ data: String) throws(FilesError) {
        let home = "\(data)/usr/lib/gatewright"
        for below in ["bin", "lib/swift", "plugins"] {
            for name in Folders.entries("\(folder)/\(below)") {
                try Folders.copy(
                    "\(folder)/\(below)/\(name)", to: "\(home)/\(below)/\(name)",
                    mode: below == "bin" ? 0o755 : 0o644)
            }
        }
        try Folders.copy(
            "\(folder)/gatewright.lock.json", to: "\(home)/gatewright.lock.json", mode: 0o644)
        let documents = "\(data)/usr/share/doc/gatewright"
        for part in Folders.entries("\(folder)/licences") {
            for name in Folders.entries("\(folder)/licences/\(part)") {
                try Folders.copy(
                    "\(folder)/licences/\(part)/\(name)", to: "\(documents)/\(part)/\(name)",
                    mode: 0o644)
            }
        }
        try Folders.link("../lib/gatewright/bin/gatewright", at: "\(data)/usr/bin/gatewright")
        try Folders.write(
            Accompaniments.unit(folder: "/usr/lib/gatewright"),
            to: "\(data)/lib/systemd/system/gatewright.service")
    }

    private var control: String {
        let depends = packages.isEmpty ? "" : "Depends: \(packages.joined(separator: ", "))\n"
        return """
            Package: gatewright
            Version: \(version)
            Section: httpd
            Priority: optional
            Architecture: \(Self.architecture)
            Maintainer: Gatewright <gatewright@localhost>
            \(depends)Description: gateway for AI traffic, assembled from plugins
             A small host and the plugins that were chosen when this package was made.

            """
    }
}
