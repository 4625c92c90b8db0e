// `xbuild new`: the folder of a new plugin, made from a template.
import Base
import Commands
import Loader

extension Command {
    static let new = Command(
        name: "new", summary: "makes the folder of a new plugin",
        details: """
            Makes a folder with a plugin that builds, has a test, and passes it:

              xbuild new greet --language rust
              xbuild test greet
              xbuild --with greet=greet

            Languages: \(PluginTemplate.languages.map(\.rawValue).joined(separator: ", ")).
            """,
        flags: [
            Flag("language", short: "l", .value("language"), "in which it is written"),
            Flag("output", short: "o", .value("folder"), "where (default ./NAME)"),
            Flag("source", .value("folder"), "checkout of Gatewright"),
        ],
        operands: "<name>", operandsMax: 1,
        run: { arguments throws(CommandError) in
            try reporting { () throws(BuildError) in
                guard let name = arguments.operands.first else {
                    throw BuildError("new needs the name of the plugin")
                }
                let checkout = try Checkout.find(option: arguments.value("source"))
                let template = try PluginTemplate(
                    language: arguments.value("language"), checkout: checkout)
                let folder = Paths.absolute(arguments.value("output") ?? name)
                try template.write(as: name, to: folder, checkout)
                Console.print(
                    "made \(folder); next: xbuild test \(arguments.value("output") ?? name)")
                return .success
            }
        })
}

/// A plugin to copy: the folder of its language in PluginSDK/Template.
struct PluginTemplate {
    /// Zig is built and has no template yet.
    static let languages = PluginLanguage.allCases.filter { $0 != .zig }

    private let language: PluginLanguage
    private let folder: String
    /// The name that the template's plugin has.
    private let placeholder: String

    init(language: String?, checkout: Checkout) throws(BuildError) {
        let names = Self.languages.map(\.rawValue)
        guard let language, let known = Self.languages.first(where: { $0.rawValue == language })
        else {
            let hint = language.flatMap { Suggestion.hint(for: $0, among: names) }
            throw BuildError(
                "--language \(language ?? "is missing,"): expected one of "
                    + names.joined(separator: ", ") + (hint.map { ", \($0)" } ?? ""))
        }
        self.language = known
        folder = "\(checkout.templates)/\(known.rawValue)"
        placeholder =
            switch known {
            case .c: "hello_c"
            case .cxx: "hello_cpp"
            case .rust: "hello_rust"
            case .swift: "hello"
            case .swiftEmbedded: "hello_embedded"
            case .zig: "hello_zig"
            }
        guard Folders.isFolder(folder) else {
            throw BuildError("\(folder) is missing in this checkout")
        }
    }

    /// - Throws: `BuildError` when the name is none, or the folder holds something.
    func write(as name: String, to target: String, _ checkout: Checkout) throws(BuildError) {
        try Self.require(name: name, checkout)
        if Folders.kind(target) != nil {
            guard Folders.kind(target) == .folder, Folders.entries(target).isEmpty else {
                throw BuildError("\(target) is there already and not empty")
            }
        }
        let staged = try StagedFolder(for: target)
        try copy(folder, to: staged.path, name)
        let path = staged.path
        try withFiles { () throws(FilesError) in
            try Folders.write(".build/\ntarget/\n*.so\n", to: "\(path)/.gitignore")
        }
        try staged.commit()
    }

    /// The name becomes part of names in code, too.
    private static func require(name: String, _ checkout: Checkout) throws(BuildError) {
        guard PluginName.isValid(name), !name.utf8.contains(UInt8(ascii: "-")) else {
            throw BuildError(
                "\"\(name)\" is no name for a plugin: expected letters, digits and _, first a "
                    + "letter, not beginning with lib")
        }
        guard !checkout.pluginNames.contains(name) else {
            throw BuildError("\(name) is a plugin of Gatewright, choose another name")
        }
    }

    private func copy(_ source: String, to target: String, _ name: String) throws(BuildError) {
        for entry in Folders.entries(source) where entry != ".build" && entry != "target" {
            let path = "\(source)/\(entry)"
            // A package file of a template must not be one in its own place.
            let plain = entry.hasSuffix(".in") ? String(entry.dropLast(3)) : entry
            let copy = "\(target)/\(plain.replacing(word: placeholder, with: name))"
            if Folders.kind(path) == .folder {
                try self.copy(path, to: copy, name)
            } else {
                try withFiles { () throws(FilesError) in
                    let text = String(decoding: try Files.read(path), as: UTF8.self)
                    try Folders.write(text.replacing(word: placeholder, with: name), to: copy)
                }
            }
        }
    }
}

extension String {
    /// Every occurrence of `word` that no letter follows, replaced from left to right.
    func replacing(word: String, with other: String) -> String {
        var result = ""
        var rest = self[...]
        while let first = rest.first {
            let isWord = rest.hasPrefix(word) && rest.dropFirst(word.count).first?.isLetter != true
            if isWord {
                result += other
                rest = rest.dropFirst(word.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
