// Plugins in Swift: a package with a dynamic library product of the plugin's name.
import Commands

struct SwiftPackageBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    func build(_ output: String, scratch: String) throws(BuildError) {
        do throws(BuildError) {
            try Tools.swift().run(
                arguments(scratch), in: plugin.folder,
                environment: ["GATEWRIGHT_SDK": plugin.checkout.sdk],
                failure: "swift build cannot build the product \(plugin.name)")
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
