// `--with NAME[@version][=path-or-git-url]`: which plugin, from where.
import Base
import Loader

/// A plugin that somebody asked for.
struct PluginSpec: Equatable {
    enum Place: Equatable {
        /// A plugin of the Gatewright checkout.
        case firstParty
        /// A folder with sources, or a shared object.
        case path(String)
        /// A repository that git can fetch, and a folder in it.
        case git(url: String, folder: String)
    }

    var name: String
    /// A tag, branch or commit; of the repository's default branch when nil.
    var version: String?
    var place: Place

    /// - Throws: `BuildError` that says what the text should have been.
    init(_ text: String) throws(BuildError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let named = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(named[0])
        guard PluginName.isValid(name) else {
            throw BuildError(
                "--with \(text): \"\(name)\" is no name of a plugin, expected letters, digits, _ "
                    + "and -, first a letter; the form is NAME[@version][=path-or-git-url]")
        }
        version = named.count > 1 ? String(named[1]) : nil
        if let version, version.isEmpty || version.hasPrefix("-") {
            throw BuildError("--with \(text): \"\(version)\" is no tag, branch or commit")
        }
        // A version is one of a repository, also when that is on this machine.
        place =
            parts.count > 1
            ? try Self.place(String(parts[1]), text, hasVersion: version != nil) : .firstParty
    }

    private static func place(
        _ text: String, _ spec: String, hasVersion: Bool
    ) throws(BuildError) -> Place {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(parts[0])
        guard !address.isEmpty, !address.hasPrefix("-") else {
            throw BuildError("--with \(spec): expected a path or the address of a git repository")
        }
        guard hasVersion || isRepository(address) else { return .path(text) }
        let folder = parts.count > 1 ? String(parts[1]) : ""
        guard !folder.hasPrefix("/"), !folder.split(separator: "/").contains("..") else {
            throw BuildError("--with \(spec): \"\(folder)\" is not inside of the repository")
        }
        return .git(url: address, folder: folder)
    }

    private static func isRepository(_ address: String) -> Bool {
        address.contains(text: "://") || address.hasSuffix(".git")
            || (address.contains(":") && address.contains("@") && !address.hasPrefix("/"))
    }
}
