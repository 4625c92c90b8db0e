// `xbuild.json` of a plugin: what its sources need beyond the usual.
import Base
import Commands

/// Settings for plugins that have no build system of their own (C, C++, Embedded Swift, Zig).
///
/// Every member is optional:
///
///     {"language": "c", "sources": ["filter.c"], "include": ["include"], "compile": ["-DX=1"],
///      "link": ["-lmaxminddb"], "pkg_config": ["libpcre2-8"]}
struct BuildSettings: Equatable {
    static let fileName = "xbuild.json"

    var language: PluginLanguage?
    /// Paths from the plugin's folder; those that are found there when empty.
    var sources: [String] = []
    var include: [String] = []
    var compile: [String] = []
    var link: [String] = []
    var pkgConfig: [String] = []

    init() {}

    init(folder: String) throws(BuildError) {
        let path = "\(folder)/\(Self.fileName)"
        guard Folders.isFile(path) else {
            self.init()
            return
        }
        let text = try withFiles { () throws(FilesError) in try Files.read(path) }
        try self.init(text, path: path)
    }

    init(_ text: [UInt8], path: String) throws(BuildError) {
        let members = try Self.members(text, path)
        let known = ["language", "sources", "include", "compile", "link", "pkg_config"]
        for name in members.keys.sorted() where !known.contains(name) {
            let hint = Suggestion.hint(for: name, among: known)
            throw BuildError(
                "\(path): unknown member \"\(name)\"" + (hint.map { ", \($0)" } ?? ""))
        }
        if let value = members["language"] {
            guard let name = value.stringValue, let known = PluginLanguage(rawValue: name) else {
                let names = PluginLanguage.allCases.map(\.rawValue).joined(separator: ", ")
                throw BuildError("\(path): language is none of \(names)")
            }
            language = known
        }
        sources = try Self.texts(members, "sources", path)
        include = try Self.texts(members, "include", path)
        compile = try Self.texts(members, "compile", path)
        link = try Self.texts(members, "link", path)
        pkgConfig = try Self.texts(members, "pkg_config", path)
        for file in sources + include where file.hasPrefix("/") || file.hasPrefix("-") {
            throw BuildError("\(path): \"\(file)\" is no path from the plugin's folder")
        }
    }

    private static func members(
        _ text: [UInt8], _ path: String
    ) throws(BuildError) -> [String: JSONValue] {
        do throws(JSONError) {
            if let members = try JSONValue(parsing: text).objectValue { return members }
        } catch {
            throw BuildError("\(path): \(error.description)")
        }
        throw BuildError("\(path): expected an object")
    }

    private static func texts(
        _ members: [String: JSONValue], _ name: String, _ path: String
    ) throws(BuildError) -> [String] {
        guard let value = members[name] else { return [] }
        let texts = value.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == value.arrayValue?.count else {
            throw BuildError("\(path): \(name) is no array of texts")
        }
        return texts
    }
}
