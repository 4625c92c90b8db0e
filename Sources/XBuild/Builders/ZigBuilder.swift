// Plugins in Zig: one root file over the C headers.
import Commands

struct ZigBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    /// - Returns: Nothing: zig does not say what it has read.
    func build(_ output: String, scratch: String) throws(BuildError) -> Set<String> {
        let sources = plugin.settings.sources.isEmpty ? found : plugin.settings.sources
        guard let root = sources.first else { throw BuildError("no *.zig in \(plugin.folder)") }
        var objects: [String] = []
        if let manifest = try ManifestSource.make(plugin.folder, scratch) {
            objects.append(manifest)
        }
        try Tools.zig().run(
            [
                "build-lib", "-dynamic", "-OReleaseSafe", "-fstrip", "-lc",
                "-fsoname=\(plugin.name).so",
                "--version-script", plugin.checkout.exportMap, "--build-id=sha1",
                "-Bsymbolic", "-I", plugin.checkout.headers, "--cache-dir", scratch,
                "--name", plugin.name, "-femit-bin=\(output)", root,
            ] + objects + plugin.settings.compile + plugin.settings.link,
            in: plugin.folder, failure: "zig cannot build it")
        Folders.remove("\(output).o")
        return []
    }

    private var found: [String] {
        let files = SourceFiles.inFolder(plugin.folder).filter { Paths.suffix($0) == "zig" }
            .filter { Paths.name($0) != "build.zig" }
        return files.filter {
            Paths.name($0) == "\(plugin.name).zig" || Paths.name($0) == "root.zig"
        }
            + files
    }
}
