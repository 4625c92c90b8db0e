// Plugins in C and C++: every source is compiled on its own, then all are linked.
import Base
import Commands

struct CBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    /// - Returns: Paths of what was read.
    func build(_ output: String, scratch: String) throws(BuildError) -> Set<String> {
        let sources = plugin.settings.sources.isEmpty ? found : plugin.settings.sources
        guard !sources.isEmpty else {
            throw BuildError("no *.c, *.cc or *.cpp in \(plugin.folder)")
        }
        let isCxx = sources.contains { SourceFiles.cxxSuffixes.contains(Paths.suffix($0)) }
        let packages = try PackageFlags(of: plugin.settings.pkgConfig)
        var objects: [String] = []
        var inputs: Set<String> = []
        for source in sources {
            let object = "\(scratch)/\(source.split(separator: "/").joined(separator: ".")).o"
            inputs.formUnion(try compile(source, object, packages))
            objects.append(object)
        }
        if let manifest = try compiledManifest(scratch) { objects.append(manifest) }
        let linker = isCxx ? try Tools.cxxCompiler() : try Tools.cCompiler()
        let trace = try linker.run(
            ["-shared", "-o", output] + objects + LinkFlags.ofPlugin(plugin.name, plugin.checkout)
                + ["-Wl,--no-undefined", "-Wl,--as-needed", "-s", "-Wl,--trace"]
                + plugin.settings.link + packages.link,
            in: plugin.folder, failure: "the plugin does not link")
        return inputs.union(LinkFlags.libraries(inTrace: trace, from: plugin.folder))
    }

    private var found: [String] {
        SourceFiles.inFolder(plugin.folder).filter {
            Paths.suffix($0) == "c" || SourceFiles.cxxSuffixes.contains(Paths.suffix($0))
        }
    }

    private func compile(
        _ source: String, _ object: String, _ packages: PackageFlags
    ) throws(BuildError) -> Set<String> {
        let isCxx = SourceFiles.cxxSuffixes.contains(Paths.suffix(source))
        let compiler = isCxx ? try Tools.cxxCompiler() : try Tools.cCompiler()
        let own = ["-I\(plugin.checkout.headers)", "-I.", "-Iinclude"]
        let added = plugin.settings.include.map { "-I\($0)" } + plugin.settings.compile
        try compiler.run(
            (isCxx ? try cxxFlags(compiler) : ["-std=c17"]) + common + own + added
                + packages.compile + ["-MD", "-MF", "\(object).d", "-c", source, "-o", object],
            in: plugin.folder, failure: "\(source) does not compile")
        let rules = try withFiles { () throws(FilesError) in
            try Files.read("\(object).d", bytesMax: .max)
        }
        return MakeRules.sources(String(decoding: rules, as: UTF8.self), from: plugin.folder)
    }

    private var common: [String] {
        [
            "-O2", "-fPIC", "-Wall", "-Wextra",
            "-ffile-prefix-map=\(plugin.folder)=.",
            "-ffile-prefix-map=\(plugin.checkout.folder)=/gatewright",
        ]
    }

    /// A unique symbol would be shared between two versions of a plugin (docs/abi.md, "Loading").
    private func cxxFlags(_ compiler: Tool) throws(BuildError) -> [String] {
        let version = try CompilerVersion.of(compiler, ["--version"], in: plugin.folder)
        let unique = version.contains(text: "clang") ? [] : ["-fno-gnu-unique"]
        return ["-std=c++20", "-fvisibility-inlines-hidden"] + unique
    }

    /// `manifest.json`, for plugins that do not use GW_MANIFEST.
    private func compiledManifest(_ scratch: String) throws(BuildError) -> String? {
        guard let source = try ManifestSource.make(plugin.folder, scratch) else { return nil }
        let object = "\(scratch)/gw_manifest.o"
        try Tools.cCompiler().run(
            ["-std=c17"] + common + ["-I\(plugin.checkout.headers)", "-c", source, "-o", object],
            in: scratch, failure: "the manifest does not compile")
        return object
    }
}

/// Flags that every plugin is linked with, whatever its language (docs/abi.md, "Loading").
enum LinkFlags {
    static func ofPlugin(_ name: String, _ checkout: Checkout) -> [String] {
        [
            "-Wl,--version-script=\(checkout.exportMap)", "-Wl,-Bsymbolic", "-Wl,--build-id=sha1",
            "-Wl,-soname=\(name).so", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack",
        ]
    }
}

extension LinkFlags {
    /// The files that a linker says it has opened.
    static func libraries(inTrace trace: String, from folder: String) -> Set<String> {
        var files: Set<String> = []
        for line in trace.split(separator: "\n") {
            // Members of an archive: PATH(MEMBER).
            let path = String(line.prefix { $0 != "(" }).trimmed
            let absolute = path.hasPrefix("/") ? path : "\(folder)/\(path)"
            if !path.isEmpty, Folders.isFile(absolute) { files.insert(absolute) }
        }
        return files
    }
}

/// A C file that puts `manifest.json` where the host reads it.
enum ManifestSource {
    /// - Returns: Its path, nil when the plugin has no such file.
    static func make(_ folder: String, _ scratch: String) throws(BuildError) -> String? {
        let path = "\(folder)/manifest.json"
        guard Folders.isFile(path) else { return nil }
        let bytes = try withFiles { () throws(FilesError) in try Files.read(path) }
        var text =
            "#include <gateway/plugin.h>\n\nGW_MANIFEST_STORAGE static const char manifest[] = {"
        for (index, byte) in bytes.enumerated() {
            text += (index % 20 == 0 ? "\n    " : " ") + String(byte) + ","
        }
        text += "\n};\n"
        let source = "\(scratch)/gw_manifest.c"
        try withFiles { () throws(FilesError) in try Folders.write(text, to: source) }
        return source
    }
}
