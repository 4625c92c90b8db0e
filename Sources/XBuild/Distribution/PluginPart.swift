// One plugin of a distribution: resolved, built, looked at.
import Base
import Commands
import Loader
import Services

/// A plugin that is ready to be put into a distribution.
struct PluginPart {
    let name: String
    /// The shared object, as it will be.
    let bytes: [UInt8]
    let manifest: PluginManifest
    let language: String
    let mode: String
    /// Where it came from, for the lock file.
    let source: [String: JSONValue]
    /// A folder in which its licence may be.
    let folder: String?
    /// The lock file says so, too: what an author should look at.
    let warnings: [String]

    var lockEntry: JSONValue {
        [
            "name": .string(name), "version": .string(manifest.version),
            "file": .string("plugins/\(name).so"),
            "sha256": .string(ContentDigest.sha256(bytes)), "language": .string(language),
            "mode": .string(mode), "source": .object(source),
            "permissions": .array(manifest.permissions.map { .string($0) }),
        ]
    }
}

/// Makes parts out of what was asked for.
struct PluginWorkshop {
    let checkout: Checkout
    let mode: PluginMode
    let cache: Cache
    let host: HostBuild

    func make(_ spec: PluginSpec) throws(BuildError) -> PluginPart {
        do throws(BuildError) {
            return switch spec.place {
            case .firstParty: try firstParty(spec)
            case .path(let path): try fromPath(spec, Paths.absolute(path), given: path)
            case .git(let url, let folder): try fromGit(spec, url, folder)
            }
        } catch {
            throw error.message.hasPrefix("plugin ") ? error : error.about(plugin: spec.name)
        }
    }

    private func firstParty(_ spec: PluginSpec) throws(BuildError) -> PluginPart {
        let folder = try checkout.pluginFolder(spec.name)
        let file = host.plugin(spec.name)
        guard Folders.isFile(file) else {
            throw BuildError("the build of \(checkout.folder) made no lib\(spec.name).so")
        }
        let stripped = try strippedCopy(of: file)
        let part = try finish(
            spec, file: stripped, language: "swift", mode: host.modeName,
            source: ["kind": "gatewright"], folder: folder)
        guard spec.version == nil || spec.version == part.manifest.version else {
            throw BuildError(
                "this checkout has version \(part.manifest.version), not \(spec.version ?? ""): name "
                    + "a checkout of the other version with --source")
        }
        return part
    }

    private func fromPath(
        _ spec: PluginSpec, _ path: String, given: String
    ) throws(BuildError) -> PluginPart {
        if Folders.isFolder(path) {
            let build = try PluginBuild(
                name: spec.name, folder: path, mode: mode, checkout: checkout)
            return try built(
                spec, build,
                source: [
                    "kind": "folder", "path": .string(given), "sha256": .string(build.sourceHash),
                ])
        }
        guard Folders.isFile(path) else {
            throw BuildError("\(given): no such file or folder")
        }
        return try finish(
            spec, file: path, language: "", mode: "",
            source: ["kind": "file", "path": .string(given)], folder: nil, isReady: true)
    }

    private func fromGit(
        _ spec: PluginSpec, _ url: String, _ below: String
    ) throws(BuildError) -> PluginPart {
        let repository = try GitRepository(url: url, cache: cache)
        let commit = try repository.commit(of: spec.version)
        let files = "\(cache.folder)/sources/\(spec.name)-\(commit)"
        if !Folders.isFolder(files) {
            let staged = try StagedFolder(for: files)
            try repository.checkOut(commit, into: staged.path)
            try staged.commit()
        }
        let folder = below.isEmpty ? files : "\(files)/\(below)"
        guard Folders.isFolder(folder) else {
            throw BuildError("\(repository.shownURL) has no folder \(below) at \(commit)")
        }
        var source: [String: JSONValue] = [
            "kind": "git", "url": .string(repository.shownURL), "revision": .string(commit),
        ]
        if let version = spec.version { source["version"] = .string(version) }
        if !below.isEmpty { source["folder"] = .string(below) }
        let build = try PluginBuild(
            name: spec.name, folder: folder, mode: mode, checkout: checkout)
        return try built(spec, build, source: source)
    }

    private func built(
        _ spec: PluginSpec, _ build: PluginBuild, source: [String: JSONValue]
    ) throws(BuildError) -> PluginPart {
        try finish(
            spec, file: try build.run(cache), language: build.language.rawValue,
            mode: build.effectiveMode, source: source, folder: build.folder)
    }

    /// Reads and checks the shared object, as the host will.
    private func finish(
        _ spec: PluginSpec, file: String, language: String, mode: String,
        source: [String: JSONValue], folder: String?, isReady: Bool = false
    ) throws(BuildError) -> PluginPart {
        var bytes = try withFiles { () throws(FilesError) in
            try Files.read(file, bytesMax: Limits.pluginFileBytesMax)
        }
        if !isReady { bytes = try RunPath.replace(bytes, path: file) }
        if mode == PluginMode.island.rawValue {
            bytes = try FinishedObject.markedIsland(bytes, file)
        }
        let report = SharedObjectCheck.run(bytes, path: file, name: spec.name)
        guard let manifest = report.manifest, !report.hasErrors else {
            let errors = report.findings.filter { $0.severity == .error }.map(\.description)
            throw BuildError(
                errors.joined(separator: "\n") + "\nplugin \(spec.name) cannot be used")
        }
        return PluginPart(
            name: spec.name, bytes: bytes, manifest: manifest,
            language: language.isEmpty ? manifest.runtime?.language ?? "" : language,
            mode: mode.isEmpty ? manifest.runtime?.mode ?? "" : mode, source: source,
            folder: folder,
            warnings: report.findings.filter { $0.severity == .warning }.map(\.description))
    }

    private func strippedCopy(of file: String) throws(BuildError) -> String {
        try StrippedCopy.make(of: file, cache)
    }
}

/// Copies of what the checkout built, without debug information and traces of its folder, kept in
/// the cache by the content of the original.
enum StrippedCopy {
    static func make(of file: String, _ cache: Cache) throws(BuildError) -> String {
        var key = ContentKey()
        if let own = Tool.find(["/proc/self/exe"]) { key.add(tool: own) }
        try key.add(file: file, as: "file")
        key.add(tool: try Tools.strip())
        let folder = cache.result("stripped", key.value)
        let path = "\(folder)/\(Paths.name(file))"
        if Folders.isFile(path) { return path }
        let staged = try StagedFolder(for: folder)
        let copy = "\(staged.path)/\(Paths.name(file))"
        try withFiles { () throws(FilesError) in try Folders.copy(file, to: copy, mode: 0o755) }
        try FinishedObject.strip(copy)
        try FinishedObject.makeReproducible(copy)
        try staged.commit()
        return path
    }
}
