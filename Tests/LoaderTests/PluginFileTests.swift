// Files that are no plugins: whatever their bytes, there is a message and nothing else happens.
import Testing

@testable import Loader

@Suite struct PluginFileTests {
    private func refusal(_ bytes: [UInt8]) -> LoaderError? {
        #expect(throws: LoaderError.self) {
            let file = PluginFile(path: "/nonexistent/x.so", bytes: bytes)
            let manifest = try ManifestReader.read(file, plugin: "x")
            _ = try PluginImage.check(file, manifest, plugin: "x")
        }
    }

    private func goodBytes() throws -> [UInt8] {
        let folder = try TemporaryFolder()
        try PluginFixture().build(in: folder)
        return try folder.read("good.so")
    }

    #if os(Linux)
    @Test func namesTheWrongArchitecture() throws {
        var bytes = try goodBytes()
        bytes[4] = 1
        #expect(refusal(bytes)?.rule == .architecture)
        #expect(refusal(bytes)?.message.contains("ELF class 1") == true)
        bytes[4] = 2
        bytes[18] = 243
        #expect(refusal(bytes)?.message.contains("ELF machine riscv, expected") == true)
    }

    @Test func namesWhatIsNoSharedObject() throws {
        #expect(refusal([])?.message == "/nonexistent/x.so: the file is empty")
        #expect(
            refusal(Array("#!/bin/sh".utf8))?.message
                == "/nonexistent/x.so: not a shared object (no ELF header)")
        var bytes = try goodBytes()
        bytes[16] = 2
        #expect(refusal(bytes)?.message.contains("another type of ELF file") == true)
    }

    @Test func refusesEveryTruncation() throws {
        let bytes = try goodBytes()
        for count in stride(from: 4, to: bytes.count - 1, by: 61) {
            let error = refusal(Array(bytes.prefix(count)))
            #expect(error?.message.contains("truncated") == true, "\(count) bytes")
        }
    }
    #endif

    @Test func survivesDamagedFiles() throws {
        let good = try goodBytes()
        var random = SystemRandomNumberGenerator()
        // Headers at the front and the section table at the end are where damage hurts.
        let places = Array(0..<600) + Array((good.count - 64 * 30)..<good.count)
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[places.randomElement(using: &random) ?? 0] = .random(
                    in: 0...255, using: &random)
            }
            let file = PluginFile(path: "/nonexistent/x.so", bytes: bytes)
            guard let manifest = try? ManifestReader.read(file, plugin: "x") else { continue }
            _ = try? PluginImage.check(file, manifest, plugin: "x")
        }
    }
}

@Suite struct ManifestReaderTests {
    private func parse(_ text: String) throws -> PluginManifest {
        try ManifestReader.parse(Array(text.utf8)[...], plugin: "x")
    }

    @Test func readsAllMembers() throws {
        let manifest = try parse(
            """
            {"name": "x", "version": "2", "abi": {"major": 1, "min_minor": 3, "built_minor": 4},
             "runtime": {"lang": "swift", "mode": "shared"}, "permissions": ["net"],
             "modules": [{"id": "a.b", "kind": "k/1", "directives": [{"name": "d"}],
              "hooks": ["on_request"], "needs": ["gw.http/1"], "optional": ["s/1"]}]}
            """)
        #expect(manifest.abi == .init(major: 1, minMinor: 3, builtMinor: 4))
        #expect(manifest.runtime == .init(language: "swift", mode: "shared"))
        #expect(manifest.permissions == ["net"])
        #expect(
            manifest.modules == [
                .init(
                    id: "a.b", kind: "k/1", directives: [.init(name: "d", order: "")],
                    hooks: ["on_request"], needs: ["gw.http/1"], optional: ["s/1"])
            ])
        #expect(manifest.warnings == [])
    }

    @Test func warnsOfUnknownMembers() throws {
        let manifest = try parse(
            #"{"name": "x", "version": "2", "abi": {"major": 1, "min_minor": 0}, "modules": [], "y": 1}"#
        )
        #expect(manifest.warnings == ["unknown member \"y\" in its manifest is ignored"])
    }

    @Test(arguments: [
        ("", "is invalid JSON"),
        ("[]", "manifest is an array, expected an object"),
        ("{}", "name is missing, expected a text"),
        (#"{"name": 1}"#, "name is a number, expected a text"),
        (#"{"name": "../x"}"#, "name \"../x\" is not valid"),
        (#"{"name": "x"}"#, "modules is missing, expected an array"),
        (#"{"name": "x", "modules": {}}"#, "modules is an object, expected an array"),
        (#"{"name": "x", "modules": [], "version": "1"}"#, "abi is null, expected an object"),
        (
            #"{"name": "x", "modules": [], "version": "1", "abi": {"major": "1", "min_minor": 0}}"#,
            "abi.major is a text, expected a whole number"
        ),
        (
            #"{"name": "x", "modules": [], "version": "1", "abi": {"major": 1, "min_minor": -1}}"#,
            "abi.min_minor is a number, expected a whole number"
        ),
        (
            #"{"name": "x", "modules": [{"id": "a b", "kind": "k"}]}"#,
            "modules[0] has an invalid id \"a b\" or kind \"k\""
        ),
        (
            #"{"name": "x", "modules": [{"id": "a", "kind": "k", "hooks": [1]}]}"#,
            "modules[0].hooks is a number, expected texts"
        ),
    ])
    func refusesWrongTypes(text: String, message: String) {
        let error = #expect(throws: LoaderError.self) { try parse(text) }
        #expect(error?.rule == .manifest)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func refusesHugeAndDeepManifests() {
        let huge = #expect(throws: LoaderError.self) {
            try parse(String(repeating: " ", count: 300_000) + "1")
        }
        #expect(huge?.message == "its manifest has 300001 bytes, expected at most 262144")
        let deep = #expect(throws: LoaderError.self) {
            try parse(String(repeating: "[", count: 100_000))
        }
        #expect(deep?.message == "its manifest is nested deeper than 16 levels")
    }
}
