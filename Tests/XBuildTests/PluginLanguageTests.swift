// What a plugin's folder says about its language.
import Testing

@testable import XBuild

@Suite struct PluginLanguageTests {
    @Test(
        arguments: [
            (["a.c"], .c), (["src/a.c"], .c), (["a.cc", "b.c"], .cxx), (["src/a.cpp"], .cxx),
            (["a.cxx"], .cxx), (["a.swift"], .swiftEmbedded), (["a.zig"], .zig),
            (["build.zig", "a.c"], .zig), (["Package.swift", "Cargo.toml"], .swift),
            (["Cargo.toml", "src/lib.rs", "src/shim.c"], .rust),
            (["Package.swift", "a.swift"], .swift), (["a.c", "a.swift", "Makefile"], .c),
        ] as [([String], PluginLanguage)])
    func isDetected(files: [String], language: PluginLanguage) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        for file in files { try folder.write("", to: file) }
        #expect(try PluginLanguage.detect(folder.path) == language)
    }

    @Test(arguments: [[], ["Makefile"], ["deep/er/a.c"], ["a.h"], ["lib.rs"], ["x.c/y"]])
    func isNoPlugin(files: [String]) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        for file in files { try folder.write("", to: file) }
        #expect(throws: BuildError.self) { try PluginLanguage.detect(folder.path) }
    }

    @Test func settingsNameAnother() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("", to: "a.c")
        try folder.write(#"{"language": "c++"}"#, to: "xbuild.json")
        #expect(try BuildSettings(folder: folder.path).language == .cxx)
    }

    @Test(arguments: [
        "[]", "{", #"{"language": "cobol"}"#, #"{"sorces": []}"#, #"{"sources": "a.c"}"#,
        #"{"sources": [1]}"#, #"{"sources": ["/etc/a.c"]}"#, #"{"include": ["-Wl,x"]}"#,
    ])
    func settingsAreRefused(text: String) {
        #expect(throws: BuildError.self) {
            try BuildSettings(Array(text.utf8), path: "xbuild.json")
        }
    }
}
