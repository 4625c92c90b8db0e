// The lock file of a distribution.
import Base
import Commands
import Loader
import Testing

@testable import XBuild

@Suite struct LockFileTests {
    private static let manifest = #"""
        {"name": "geo", "version": "1.2", "abi": {"major": 1, "min_minor": 0},
         "modules": [], "permissions": ["network"]}
        """#

    /// A plugin without code: only its manifest is read.
    private static func part(_ folder: TestFolder) throws -> PluginPart {
        let quoted = manifest.split(separator: "\n").joined().replacing("\"", with: "\\\"")
        let bytes = try folder.object(
            "__attribute__((used, section(\".gwmanifest\"))) static const char m[] = \"\(quoted)\";"
        )
        let report = SharedObjectCheck.run(bytes, path: "\(folder.path)/geo.so", name: "geo")
        return PluginPart(
            name: "geo", bytes: Array("abc".utf8), manifest: try #require(report.manifest),
            language: "c", mode: "none", source: ["kind": "folder", "path": "../geo"], folder: nil,
            warnings: [])
    }

    @Test func saysWhatItIsMadeOf() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let checkout = Checkout(folder: folder.path)
        let distribution = Distribution(
            checkout: checkout,
            host: HostBuild(checkout, mode: .shared),
            mode: .shared, plugins: [try Self.part(folder)], version: "0.1", revision: "c0ffee")
        let text = LockFile.text(
            distribution, files: ["bin/gatewright": "00"], system: ["libz.so.1"])
        #expect(text.hasSuffix("}\n"))
        let value = try JSONValue(parsing: Array(text.utf8))
        let expected: JSONValue = [
            "lock_version": .int(PluginLock.version),
            "gatewright": ["version": "0.1", "mode": "shared", "revision": "c0ffee"],
            "plugins": [
                [
                    "name": "geo", "version": "1.2", "file": "plugins/geo.so",
                    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                    "language": "c", "mode": "none", "permissions": ["network"],
                    "source": ["kind": "folder", "path": "../geo"],
                ]
            ],
            "system_libraries": ["libz.so.1"], "files": ["bin/gatewright": "00"],
        ]
        #expect(value == expected)
    }

    @Test func knowsItsFilesFromOthers() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        #expect(LockFile.strangers(in: folder.path) == nil)
        try folder.write("abc", to: "plugins/geo.so")
        let hashes = try LockFile.hashes(of: folder.path)
        #expect(
            hashes == [
                "plugins/geo.so":
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ])
        try folder.write(#"{"files": {"plugins/geo.so": "00"}}"#, to: PluginLock.fileName)
        #expect(LockFile.strangers(in: folder.path) == [])
        try folder.write("", to: "plugins/deep/er")
        try folder.link("mine", to: "/etc")
        #expect(LockFile.strangers(in: folder.path) == ["mine", "plugins/deep/er"])
        try folder.write("no JSON", to: PluginLock.fileName)
        #expect(LockFile.strangers(in: folder.path) == nil)
    }
}
