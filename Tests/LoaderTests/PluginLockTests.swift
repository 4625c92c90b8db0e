// Plugins of a distribution are those of its lock file.
import Foundation
import Testing

@testable import Loader

@Suite struct PluginLockTests {
    private static func digest(_ bytes: [UInt8]) -> String { "digest-of-\(bytes.count)" }

    private func loader(
        _ folder: TemporaryFolder, isEnforced: Bool = true, program: String = "/nonexistent"
    ) -> PluginLoader {
        TestHost.install()
        return PluginLoader(
            finder: PluginFinder(
                options: [folder.path], environment: nil, executableFolder: "/nonexistent"),
            trust: PluginTrust(
                executableFolder: program, isEnforced: isEnforced, sha256: Self.digest))
    }

    private func lock(_ name: String, _ sha256: String) -> String {
        #"{"lock_version": 1, "plugins": [{"name": "\#(name)", "sha256": "\#(sha256)"}]}"#
    }

    @Test func takesAPluginThatIsAsTheLockSays() throws {
        let folder = try TemporaryFolder()
        try PluginFixture("locked").build(in: folder)
        let digest = Self.digest(try folder.read("locked.so"))
        try folder.write(PluginLock.fileName, lock("locked", digest))
        #expect(try loader(folder).load("locked").name == "locked")
    }

    @Test func refusesAnotherContentAndNamesBoth() throws {
        let folder = try TemporaryFolder()
        try PluginFixture("changed").build(in: folder)
        try folder.write(PluginLock.fileName, lock("changed", "digest-of-1"))
        let error = #expect(throws: LoaderError.self) { try loader(folder).load("changed") }
        let found = Self.digest(try folder.read("changed.so"))
        #expect(error?.rule == .lock)
        #expect(
            error?.message
                == "\(folder.path)/changed.so has SHA-256 \(found), expected digest-of-1 as in "
                + "\(folder.path)/gatewright.lock.json")
        #expect(error?.hint.hasSuffix("start with --allow-unlocked-plugins") == true)
        #expect(try loader(folder, isEnforced: false).load("changed").name == "changed")
    }

    @Test func refusesAPluginThatTheLockDoesNotName() throws {
        let folder = try TemporaryFolder()
        try PluginFixture("stranger").build(in: folder)
        try folder.write(PluginLock.fileName, lock("other", "digest-of-1"))
        let error = #expect(throws: LoaderError.self) { try loader(folder).load("stranger") }
        #expect(error?.rule == .lock)
        #expect(error?.message.hasPrefix("\(folder.path)/stranger.so is not in") == true)
    }

    @Test func theLockOfTheProgramGoesBeforeThatOfAStrangeFolder() throws {
        let distribution = try TemporaryFolder()
        try distribution.write(PluginLock.fileName, lock("other", "digest-of-1"))
        try FileManager.default.createDirectory(
            atPath: "\(distribution.path)/bin", withIntermediateDirectories: true)
        let folder = try TemporaryFolder()
        try PluginFixture("smuggled").build(in: folder)
        let digest = Self.digest(try folder.read("smuggled.so"))
        try folder.write(PluginLock.fileName, lock("smuggled", digest))
        let error = #expect(throws: LoaderError.self) {
            try loader(folder, program: "\(distribution.path)/bin").load("smuggled")
        }
        #expect(error?.rule == .lock)
        #expect(error?.message.contains("is not in \(distribution.path)") == true)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"lock_version": 2, "plugins": []}"#,
        #"{"lock_version": 1, "plugins": [{"name": "odd"}]}"#,
    ])
    func refusesEverythingUnderADamagedLock(text: String) throws {
        let folder = try TemporaryFolder()
        try PluginFixture("odd").build(in: folder)
        try folder.write(PluginLock.fileName, text)
        let error = #expect(throws: LoaderError.self) { try loader(folder).load("odd") }
        #expect(error?.rule == .lock)
    }
}
