// The lock file of a distribution: which plugins belong to it, by the hash of their content.
internal import Base

/// The plugins that a lock file names.
package struct PluginLock: Sendable, Equatable {
    package static let fileName = "gatewright.lock.json"
    package static let version: Int64 = 1

    package let path: String
    /// SHA-256 in hexadecimal digits, by plugin name.
    package let digests: [String: String]

    /// - Throws: `LoaderError` about `plugin` when the file is no lock file that this host reads.
    package init(path: String, plugin: String) throws(LoaderError) {
        let file = try PluginFile(path: path, plugin: plugin)
        guard let value = try? JSONValue(parsing: file.bytes) else {
            throw LoaderError(.lock, plugin: plugin, "\(path) is no JSON")
        }
        guard value["lock_version"]?.intValue == Self.version,
            let entries = value["plugins"]?.arrayValue
        else {
            throw LoaderError(
                .lock, plugin: plugin,
                "\(path) is no lock file of version \(Self.version)",
                hint: "make the distribution again with the xbuild of this gatewright")
        }
        var digests: [String: String] = [:]
        for entry in entries {
            guard let name = entry["name"]?.stringValue, let hash = entry["sha256"]?.stringValue
            else { throw LoaderError(.lock, plugin: plugin, "\(path): a plugin has no hash") }
            digests[name] = hash
        }
        self.path = path
        self.digests = digests
    }

    /// - Throws: `LoaderError` when the plugin is not in it, or has another content.
    package func check(
        _ file: PluginFile, plugin: String, sha256: (PluginFile) -> String
    ) throws(LoaderError) {
        let hint =
            "build it into the distribution with xbuild, or start with --allow-unlocked-plugins"
        guard let expected = digests[plugin] else {
            throw LoaderError(
                .lock, plugin: plugin, "\(file.path) is not in \(path)", hint: hint)
        }
        let found = sha256(file)
        guard found == expected else {
            throw LoaderError(
                .lock, plugin: plugin,
                "\(file.path) has SHA-256 \(found), expected \(expected) as in \(path)", hint: hint)
        }
    }
}

/// Which plugin files a host takes.
package struct PluginTrust: Sendable {
    private let executableFolder: String
    private let sha256: @Sendable ([UInt8]) -> String
    private let isEnforced: Bool

    /// Whatever the plugin folders hold.
    package static let everything = PluginTrust(
        executableFolder: "", isEnforced: false, sha256: { _ in "" })

    /// - Parameters:
    ///   - executableFolder: Where the gateway's own file is.
    ///   - isEnforced: false takes plugins that are in no lock file, too.
    package init(
        executableFolder: String, isEnforced: Bool, sha256: @escaping @Sendable ([UInt8]) -> String
    ) {
        self.executableFolder = executableFolder
        self.isEnforced = isEnforced
        self.sha256 = sha256
    }

    /// The lock above the program's folder decides when there is one, so that a distribution takes
    /// no plugin from elsewhere, whatever lock lies there; else the one beside the plugin or above
    /// its folder.
    ///
    /// - Throws: `LoaderError` when there is one and the plugin is not as it says.
    func check(_ file: PluginFile, plugin: String) throws(LoaderError) {
        guard isEnforced else { return }
        let folder = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "."
        let places = ["\(executableFolder)/..", folder, "\(folder)/.."]
        for place in places where PluginFile.exists("\(place)/\(PluginLock.fileName)") {
            let lock = try PluginLock(path: "\(place)/\(PluginLock.fileName)", plugin: plugin)
            return try lock.check(file, plugin: plugin) { sha256($0.bytes) }
        }
    }
}
