// A distribution in one file: .tar.gz and .deb, the same bytes for the same content.
import Commands

struct Archive {
    private let folder: String
    private let version: String
    private let system: [String]

    init(of folder: String, _ distribution: Distribution) {
        self.folder = folder
        version = distribution.version
        system =
            (try? RuntimeLibraries(
                neededBy: ["\(folder)/bin/gatewright"]
                    + Folders.entries("\(folder)/plugins").map { "\(folder)/plugins/\($0)" },
                folder: try Tools.swiftLibraries()
            ).debianPackages()) ?? []
    }

    #if arch(arm64)
    private static let architecture = "arm64"
    #else
    private static let architecture = "amd64"
    #endif

    /// - Returns: Its path.
    func writeTarball() throws(BuildError) -> String {
        let target = "\(folder).tar.gz"
        try replacing(target) { (staged) throws(BuildError) in
            let tar = "\(staged)/archive.tar"
            try pack(Paths.folder(folder), [Paths.name(folder)], into: tar)
            return try compress(tar)
        }
        return target
    }

    func writeDebianPackage() throws(BuildError) -> String {
        let target = "\(Paths.folder(folder))/gatewright_\(version)_\(Self.architecture).deb"
        try replacing(target) { (staged) throws(BuildError) in
            try withFiles { () throws(FilesError) in
                try layOut("\(staged)/data")
                try Folders.write(control, to: "\(staged)/control/control")
                try Folders.write("2.0\n", to: "\(staged)/debian-binary")
            }
            for part in ["control", "data"] {
                let entries = Folders.entries("\(staged)/\(part)").map { "./\($0)" }
                try pack("\(staged)/\(part)", entries, into: "\(staged)/\(part).tar")
                _ = try compress("\(staged)/\(part).tar")
            }
            let package = "\(staged)/package.deb"
            try Tools.ar().run(
                ["rcD", package, "debian-binary", "control.tar.gz", "data.tar.gz"], in: staged,
                failure: "ar cannot write the package")
            return package
        }
        return target
    }

    /// Makes a file in a temporary folder and moves it into its place.
    private func replacing(
        _ target: String, _ make: (String) throws(BuildError) -> String
    ) throws(BuildError) {
        let staged = "\(Paths.folder(target))/.\(Paths.name(target)).\(Folders.processID).new"
        defer { Folders.remove(staged) }
        try withFiles { () throws(FilesError) in try Folders.make(staged) }
        let made = try make(staged)
        try withFiles { () throws(FilesError) in try Folders.rename(made, to: target) }
        Folders.synchronize(Paths.folder(target))
    }

    private func pack(
        _ folder: String, _ entries: [String], into tar: String
    ) throws(BuildError) {
        try Tools.tar().run(
            [
                "--create", "--file", tar, "--format=gnu", "--sort=name", "--mtime=@0", "--owner=0",
                "--group=0", "--numeric-owner", "--directory", folder, "--",
            ] + entries, environment: ["TAR_OPTIONS": nil], failure: "tar cannot write \(tar)")
    }

    private func compress(_ tar: String) throws(BuildError) -> String {
        try Tools.gzip().run(
            ["-n", "-9", "-f", tar], environment: ["GZIP": nil],
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
        let depends = system.isEmpty ? "" : "Depends: \(system.joined(separator: ", "))\n"
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
