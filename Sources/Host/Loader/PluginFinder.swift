// Where plugins are looked for.
internal import Base

/// The plugin folders, in the order in which they are searched.
package struct PluginFinder: Sendable {
    package let folders: [String]

    #if os(macOS)
    package static let fileSuffix = ".dylib"
    #else
    package static let fileSuffix = ".so"
    #endif

    /// - Parameters:
    ///   - options: Folders given on the command line, first of all.
    ///   - environment: `GATEWRIGHT_PLUGINS`: folders separated by colons.
    ///   - executableFolder: Where the gateway's own file is.
    package init(options: [String], environment: String?, executableFolder: String) {
        let named = options + (environment ?? "").split(separator: ":").map(String.init)
        let standard = [
            "\(executableFolder)/../plugins", "\(executableFolder)/../lib/gatewright/plugins",
            "\(executableFolder)/plugins",
        ]
        var known: Set<String> = []
        folders = (named + standard).map(Self.withoutTrailingSlash).filter {
            !$0.isEmpty && known.insert($0).inserted
        }
    }

    /// The file of a plugin.
    ///
    /// - Throws: `LoaderError` with the searched folders and the nearest name.
    package func locate(_ name: String) throws(LoaderError) -> String {
        if PluginName.isValid(name) {
            for folder in folders {
                let path = "\(folder)/\(name)\(Self.fileSuffix)"
                if PluginFile.exists(path) { return path }
            }
        }
        throw LoaderError(
            .missing, plugin: name,
            "no file \(name)\(Self.fileSuffix) in \(folders.joined(separator: ", "))",
            hint: Suggestion.hint(for: name, among: available().keys.sorted())
                ?? "name its folder with --plugins or GATEWRIGHT_PLUGINS")
    }

    /// Every plugin file by plugin name; the first folder that has a name wins.
    package func available() -> [String: String] {
        var found: [String: String] = [:]
        for folder in folders.reversed() {
            for entry in PluginFile.entries(of: folder) ?? [] where entry.hasSuffix(Self.fileSuffix)
            {
                let name = String(entry.dropLast(Self.fileSuffix.count))
                guard PluginName.isValid(name) else { continue }
                found[name] = "\(folder)/\(entry)"
            }
        }
        return found
    }

    private static func withoutTrailingSlash(_ folder: String) -> String {
        var folder = folder
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        return folder
    }
}

/// Names that plugins, modules and directives may have.
package enum PluginName {
    /// Letters, digits, `_` and `-`, the first one a letter; a build folder's `libNAME.so` is no
    /// plugin file.
    package static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first), !name.hasPrefix("lib"),
            name.utf8.count <= Limits.pluginNameBytesMax
        else { return false }
        return name.utf8.allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
        }
    }

    /// Printable ASCII without spaces, quotes and commas: ids, directive names, interface ids.
    static func isIdentifier(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= Limits.pluginNameBytesMax
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x2c }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}
