// The Gatewright sources: the host, its plugins, the SDK.
import Base
import Commands

/// A checkout of Gatewright.
struct Checkout {
    let folder: String

    var sdk: String { "\(folder)/PluginSDK" }
    var headers: String { "\(sdk)/C/include" }
    var exportMap: String { "\(sdk)/C/plugin.map" }
    var templates: String { "\(sdk)/Template" }

    /// - Parameter option: `--source`, else `GATEWRIGHT_SOURCE`, else the checkout that this program
    ///   was built in, else one above the current folder.
    static func find(option: String?) throws(BuildError) -> Checkout {
        if let chosen = option ?? ProcessEnvironment.value("GATEWRIGHT_SOURCE") {
            let folder = Paths.absolute(chosen)
            guard isCheckout(folder) else {
                throw BuildError(
                    "\(chosen) is no checkout of Gatewright (Sources/Host and PluginSDK are missing)"
                )
            }
            return Checkout(folder: folder)
        }
        for start in [Files.executableFolder, Paths.current] {
            if let folder = above(start) { return Checkout(folder: folder) }
        }
        throw BuildError(
            "cannot find the Gatewright sources, name their folder with --source or GATEWRIGHT_SOURCE"
        )
    }

    /// Names of the plugins in it.
    var pluginNames: [String] {
        Folders.entries("\(folder)/Sources/Plugins").filter {
            Folders.isFile("\(folder)/Sources/Plugins/\($0)/Manifest/manifest.json")
        }
    }

    func pluginFolder(_ name: String) throws(BuildError) -> String {
        let names = pluginNames
        guard names.contains(name) else {
            let hint = Suggestion.hint(for: name, among: names)
            throw BuildError(
                "plugin \(name): no plugin of Gatewright has that name"
                    + (hint.map { ", \($0)" } ?? "")
                    + " (another's plugin needs a place: --with \(name)=PATH-OR-GIT-URL)")
        }
        return "\(folder)/Sources/Plugins/\(name)"
    }

    /// The commit, with "+changes" when the files differ from it; nil outside of git.
    func revision() -> String? {
        guard Folders.kind("\(folder)/.git") != nil, let git = try? Tools.git() else { return nil }
        return GitRepository.revision(of: folder, git)
    }

    /// The version of the release in it.
    func version() -> String {
        let path = "\(folder)/Sources/Host/Gateway/InformationCommands.swift"
        let text = (try? Files.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let marker = "static let version = \""
        for line in text.split(separator: "\n") {
            let line = line.trimmed
            if line.hasPrefix(marker), !line.contains(text: "Command") {
                return String(line.dropFirst(marker.count).prefix { $0 != "\"" })
            }
        }
        return "0.0.0"
    }

    private static func above(_ start: String) -> String? {
        var folder = start
        while true {
            if isCheckout(folder) { return folder }
            if folder == "/" || folder == "." { return nil }
            folder = Paths.folder(folder)
        }
    }

    private static func isCheckout(_ folder: String) -> Bool {
        Folders.isFolder("\(folder)/Sources/Host/Gateway")
            && Folders.isFile("\(folder)/PluginSDK/C/include/gateway/gateway.h")
    }
}
