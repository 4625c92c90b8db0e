// Plugins in Swift: a package with a dynamic library product of the plugin's name.
import Base
import Commands

struct SwiftPackageBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    /// - Returns: Paths of what was read.
    func build(_ output: String, scratch: String) throws(BuildError) -> Set<String> {
        let lock = PackageLock("Package.resolved", of: plugin.folder, scratch: scratch)
        do throws(BuildError) {
            try lock.around { () throws(BuildError) in
                try Tools.swift().run(
                    arguments(scratch) + (lock.isAuthors ? ["--force-resolved-versions"] : []),
                    in: plugin.folder,
                    environment: ["GATEWRIGHT_SDK": plugin.checkout.sdk],
                    failure: "swift build cannot build the product \(plugin.name)")
            }
        } catch {
            throw plugin.mode == .embedded ? Self.explained(error) : error
        }
        let built = "\(scratch)/release/lib\(plugin.name).so"
        guard Folders.isFile(built) else {
            throw BuildError(
                "the package made no lib\(plugin.name).so: it needs the product "
                    + ".library(name: \"\(plugin.name)\", type: .dynamic, targets: [...])")
        }
        try withFiles { () throws(FilesError) in try Folders.copy(built, to: output, mode: 0o755) }
        return MakeRules.sources(below: "\(scratch)/release/", from: plugin.folder)
            .union(packagesBeside(scratch))
    }

    /// The folders of the packages that it names by path, which may gain files.
    private func packagesBeside(_ scratch: String) -> [String] {
        let text = try? Files.read("\(scratch)/workspace-state.json", bytesMax: .max)
        let state = text.flatMap { try? JSONValue(parsing: $0) }
        let packages = state?["object"]?["dependencies"]?.arrayValue ?? []
        return packages.compactMap { package in
            package["state"]?["name"]?.stringValue == "fileSystem"
                ? package["state"]?["path"]?.stringValue : nil
        }
    }

    private func arguments(_ scratch: String) -> [String] {
        let link = [
            "--version-script=\(plugin.checkout.exportMap)", "-Bsymbolic", "--build-id=sha1",
            "-soname=\(plugin.name).so", "-z", "nodelete", "-z", "relro", "-z", "now",
        ]
        let places = [
            (scratch, "/build"), (plugin.checkout.folder, "/gatewright"),
            (plugin.folder, "/plugin"),
        ]
        let maps = places.flatMap { place in
            ["-Xswiftc", "-file-prefix-map", "-Xswiftc", "\(place.0)=\(place.1)"]
                + ["-Xcc", "-ffile-prefix-map=\(place.0)=\(place.1)"]
        }
        return ["build", "--configuration", "release", "--scratch-path", scratch]
            + ["--product", plugin.name, "--disable-local-rpath"]
            + ["-Xswiftc", "-no-toolchain-stdlib-rpath"]
            + link.flatMap { ["-Xlinker", $0] } + maps + modeArguments
    }

    private var modeArguments: [String] {
        switch plugin.mode {
        case .shared: ["-Xlinker", "-rpath", "-Xlinker", RunPath.ofDistribution]
        case .island: ["-Xswiftc", "-static-stdlib"]
        case .embedded:
            ["-enable-experimental-feature", "Embedded", "-wmo"].flatMap { ["-Xswiftc", $0] }
        }
    }

    private static func explained(_ error: BuildError) -> BuildError {
        BuildError(
            error.message + "; Embedded Swift has neither PluginSDK nor Foundation nor existential "
                + "types: use --mode island, or write it over the C headers "
                + "(xbuild new NAME --language swift-embedded)", output: error.output)
    }
}
