// Imports, snippets, sites.
import Base
import Testing

@testable import Config

@Suite struct ParserTests {
    private func responses(_ text: String, files: [String: String] = [:]) throws -> [String] {
        try TestSupport.routes(text, files: files).flatMap { $0["handle"]?.arrayValue ?? [] }
            .compactMap { $0["body"]?.stringValue }
    }

    @Test func importsFilesRelativeToTheImportingOne() throws {
        let files = [
            "sub/a.conf": "import b.conf 1\n", "sub/b.conf": "respond /b{args[0]} \"b\"\n",
            "b.conf": "respond wrong\n",
        ]
        #expect(try responses(":80 {\n\timport sub/a.conf\n}\n", files: files) == ["b"])
    }

    @Test func globsSkipHiddenFilesAndKeepOrder() throws {
        let files = [
            "x/.c.conf": "respond /cccc hidden\n", "x/a.conf": "respond /aaa a\n",
            "x/b.conf": "respond /bb b\n",
        ]
        #expect(try responses(":80 {\n\timport x/*.conf\n}\n", files: files) == ["a", "b"])
    }

    @Test func globWithoutMatchWarns() throws {
        let result = try TestSupport.adapt("import none/*\n:80 {\n}\n")
        #expect(result.warnings.contains { $0.message.contains("no files match") })
    }

    @Test func importedSnippetKeepsItsPlaceholders() throws {
        let files = ["s.conf": "(hello) {\n\trespond {args[0]}\n}\n"]
        let text = "import s.conf outer\n:80 {\n\timport hello inner\n}\n"
        #expect(try responses(text, files: files) == ["inner"])
    }

    @Test func oneSnippetTwiceGivesTwoDirectives() throws {
        let text =
            "(in) {\n\trespond x\n}\n(out) {\n\timport in\n}\n:80 {\n\timport out\n\timport "
            + "out\n}\n"
        #expect(try responses(text) == ["x", "x"])
    }

    @Test func fileThatImportsItselfIsACycle() {
        let failure = TestSupport.failure(
            ":80 {\n\timport a\n}\n", files: ["a": "import b\n", "b": "import a\n"])
        #expect(failure.contains("a cycle of imports exists: a -> b -> a"))
    }

    @Test func doublingImportsAreStopped() {
        var text = "(s0) {\n\trespond x\n}\n"
        for level in 1...40 {
            text += "(s\(level)) {\n\timport s\(level - 1)\n\timport s\(level - 1)\n}\n"
        }
        let failure = TestSupport.failure(text + ":80 {\n\timport s40\n}\n")
        #expect(failure.contains("more than"))
    }

    @Test func deepNestingIsRefused() {
        let depth = Limits.configNestingMax + 1
        let text =
            ":80 {\n" + String(repeating: "handle {\n", count: depth)
            + String(repeating: "}\n", count: depth + 1)
        #expect(TestSupport.failure(text).contains("blocks inside each other"))
        let imported =
            "(a) {\n}\n:80 {\n\timport a {\n" + String(repeating: "x {\n", count: 100_000)
        #expect(TestSupport.failure(imported).contains("blocks inside each other"))
    }

    @Test func unsetSiteAddressIsRefused() {
        let failure = TestSupport.failure("{$HOST} {\n\trespond x\n}\n")
        #expect(failure.hasPrefix("Caddyfile:1:9: environment variable HOST is unset or empty"))
    }

    @Test func bracelessSiteTakesTheWholeFile() throws {
        #expect(try responses(":80\nrespond a\n") == ["a"])
    }
}
