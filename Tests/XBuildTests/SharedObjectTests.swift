// What is read out of shared objects.
import Base
import Loader
import Testing

@testable import XBuild

@Suite struct SharedObjectTests {
    private static let entry = "const void *gw_plugin_entry_v1(const void *b) { return b; }\n"

    /// Severity and rule of each finding of a file without a manifest.
    private static func findings(
        _ source: String, _ flags: [String] = [], kind: String = "c"
    ) throws -> Set<String> {
        let folder = try TestFolder()
        defer { folder.remove() }
        let bytes = try folder.object(source, flags, kind: kind)
        let report = SharedObjectCheck.run(bytes, path: "\(folder.path)/geo.so")
        return Set(report.findings.map { "\($0.severity.rawValue) \($0.rule)" })
    }

    @Test func aPlainOneLacksItsManifestOnly() throws {
        let found = try Self.findings(Self.entry, ["-Wl,--build-id"])
        #expect(found == ["error manifest"])
    }

    @Test(
        arguments: [
            ("int other(void) { return 1; }", [], "error exports"),
            ("int SSL_new(void) { return 1; }", [], "error exports"),
            ("int missing(void);\nint *gone = (int *)missing;", [], "error imports"),
            ("", ["-Wl,-z,execstack"], "error stack"),
            ("", ["-Wl,-rpath,/opt/x"], "warning rpath"),
            ("", ["-Wl,--build-id=none"], "note build-id"),
            ("", ["-Wl,--no-as-needed", "-lcrypt"], "note libraries"),
        ] as [(String, [String], String)])
    func isFound(code: String, flags: [String], finding: String) throws {
        #expect(try Self.findings(Self.entry + code, flags).contains(finding))
    }

    @Test func uniqueSymbolsAndTextRelocationsAreFound() throws {
        let unique = """
            .globl shared_by_all
            .type shared_by_all, @gnu_unique_object
            .size shared_by_all, 8
            .data
            shared_by_all: .quad 0
            """
        #expect(try Self.findings(unique, kind: "s").contains("error unique"))
        let absolute = ".text\n.globl f\nf: .quad f\n.section .note.GNU-stack,\"\",@progbits\n"
        #expect(
            try Self.findings(absolute, ["-Wl,-z,notext"], kind: "s").contains("error relocations"))
    }

    @Test func anOriginIsNoForeignFolder() throws {
        #expect(
            try !Self.findings(Self.entry, ["-Wl,-rpath,$ORIGIN/../lib/swift"])
                .contains("warning rpath"))
    }

    @Test(arguments: ["", "no object", "\u{7f}ELF", "\u{7f}ELF\u{2}\u{1}\u{1}"])
    func whatIsNoObjectIsSaidToBeNone(text: String) {
        let report = SharedObjectCheck.run(Array(text.utf8), path: "/x/geo.so")
        #expect(report.hasErrors)
        #expect(throws: BuildError.self) { try Object.read(Array(text.utf8), "geo.so") }
    }

    @Test func theSearchPathIsReplacedInItsRoom() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let long = "/a/folder/with/a/long/name/lib"
        let swift = ["-L\(try SwiftToolchain().libraries)", "-Wl,--no-as-needed", "-lswiftCore"]
        let bytes = try folder.object(Self.entry, swift + ["-Wl,-rpath,\(long)"])
        let changed = try RunPath.replace(bytes, path: "geo.so")
        #expect(changed.count == bytes.count)
        #expect(try Object.read(changed, "geo.so").libraryFolders() == [RunPath.ofDistribution])
        let other = try folder.object(Self.entry, ["-Wl,-rpath,\(long)"])
        #expect(try RunPath.replace(other, path: "geo.so") == other)
        let none = try folder.object(Self.entry, swift)
        #expect(try RunPath.replace(none, path: "geo.so") == none)
        let short = try folder.object(Self.entry, swift + ["-Wl,-rpath,/a"])
        #expect(throws: BuildError.self) { try RunPath.replace(short, path: "geo.so") }
    }

    @Test func aManifestIsMarkedAsIsland() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let text = #"{\"mode\": \"shared\"}"#
        let bytes = try folder.object(
            "__attribute__((used, section(\".gwmanifest\"))) static const char m[] = \"\(text)\";")
        let marked = try FinishedObject.markedIsland(bytes, "geo.so")
        #expect(marked.count == bytes.count)
        let section = try #require(try Object.read(marked, "geo.so").section(named: ".gwmanifest"))
        #expect(
            String(decoding: marked[section.data], as: UTF8.self).hasPrefix(#"{"mode": "island"}"#))
    }

    @Test func packagesAreThoseThatDpkgNames() {
        let output = """
            libssl3:amd64: /usr/lib/x86_64-linux-gnu/libssl.so.3
            diversion by glibc from: /lib/x86_64-linux-gnu/libc.so.6
            libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6
            libc6:amd64, libc6:i386: /lib64/ld-linux-x86-64.so.2

            """
        #expect(RuntimeLibraries.packages(inSearch: output) == ["libc6", "libssl3"])
    }
}
