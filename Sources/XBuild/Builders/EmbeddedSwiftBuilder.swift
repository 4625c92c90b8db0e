// Plugins in Embedded Swift: a folder of Swift files over the C headers, without a package.
import Commands

struct EmbeddedSwiftBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    /// - Returns: Paths of what was read.
    func build(_ output: String, scratch: String) throws(BuildError) -> Set<String> {
        let sources = plugin.settings.sources.isEmpty ? found : plugin.settings.sources
        guard !sources.isEmpty else { throw BuildError("no *.swift in \(plugin.folder)") }
        let object = "\(scratch)/plugin.o"
        try Tools.swiftCompiler().run(
            [
                "-enable-experimental-feature", "Embedded", "-wmo", "-O", "-parse-as-library",
                "-swift-version", "6", "-module-name", moduleName, "-emit-object", "-o", object,
                "-emit-dependencies",
                "-file-prefix-map", "\(plugin.folder)=.", "-I", try moduleMap(scratch),
                "-Xcc", "-I\(plugin.checkout.headers)",
            ] + plugin.settings.compile + sources, in: plugin.folder,
            failure: "it does not compile as Embedded Swift")
        let read = MakeRules.sources(below: scratch, from: plugin.folder)
        return read.union(try link(object, output, scratch))
    }

    private func link(
        _ object: String, _ output: String, _ scratch: String
    ) throws(BuildError) -> Set<String> {
        var objects = [object]
        if let manifest = try ManifestSource.make(plugin.folder, scratch) {
            let compiled = "\(scratch)/gw_manifest.o"
            try Tools.cCompiler().run(
                ["-std=c17", "-fPIC", "-O2", "-I\(plugin.checkout.headers)", "-c", manifest]
                    + ["-o", compiled], in: scratch, failure: "the manifest does not compile")
            objects.append(compiled)
        }
        let trace = try Tools.cCompiler().run(
            ["-shared", "-o", output] + objects + LinkFlags.ofPlugin(plugin.name, plugin.checkout)
                + ["-Wl,--no-undefined", "-Wl,--as-needed", "-Wl,--gc-sections", "-s"]
                + ["-Wl,--trace"] + plugin.settings.link,
            in: plugin.folder, failure: "the plugin does not link")
        return LinkFlags.libraries(inTrace: trace, from: plugin.folder)
    }

    private var found: [String] {
        SourceFiles.inFolder(plugin.folder).filter { Paths.suffix($0) == "swift" }
    }

    /// A Swift module has letters, digits and underscores in its name.
    private var moduleName: String { String(plugin.name.map { $0 == "-" ? "_" : $0 }) }

    /// The folder with the module map that makes the C headers the module `CGateway`.
    private func moduleMap(_ scratch: String) throws(BuildError) -> String {
        let header = "\(plugin.checkout.headers)/gateway/gateway.h"
        let text = "module CGateway { header \"\(header)\" export * }\n"
        let folder = "\(scratch)/CGateway"
        try withFiles { () throws(FilesError) in
            try Folders.write(text, to: "\(folder)/module.modulemap")
        }
        return folder
    }
}
