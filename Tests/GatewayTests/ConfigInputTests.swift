// Which file is read and how, and when it counts as changed.
import Base
import Commands
import Foundation
import Testing

@testable import Gateway

@Suite struct ConfigInputTests {
    private func input(_ words: String...) throws -> ConfigInput {
        try ConfigInput(ParsedArguments(words, for: .run), fallback: .json)
    }

    @Test(arguments: [
        ("Caddyfile", ConfigFormat.caddyfile), ("caddyfile.local", .caddyfile),
        ("/etc/CADDYFILE", .caddyfile), ("site.caddyfile", .caddyfile),
        ("Caddyfile.json", .json), ("config.JSON", .json),
    ])
    func guessesTheFormatByName(path: String, format: ConfigFormat) {
        #expect(ConfigInput.format(of: path) == format)
    }

    @Test(arguments: ["site.conf", "-", "caddyfiles/site"])
    func knowsNoFormatOfOtherNames(path: String) {
        #expect(ConfigInput.format(of: path) == nil)
    }

    @Test func readsTheCaddyfileOfTheFolderWithoutFlags() throws {
        let found = try input()
        #expect(found.path == "Caddyfile" && found.format == .caddyfile)
    }

    @Test func prefersTheAdapterToTheName() throws {
        #expect(try input("--config", "a.json", "--adapter", "caddyfile").format == .caddyfile)
    }

    @Test func refusesUnknownAdapters() {
        let message = #"unknown adapter "cadyfile", did you mean "caddyfile"?"#
        #expect(throws: CommandError(message: message)) { try input("--adapter", "cadyfile") }
    }

    @Test(arguments: [
        (SIGHUP, SignalRequest.reload("SIGHUP")), (SIGUSR1, .reload("SIGUSR1")),
        (SIGTERM, .stop("SIGTERM")), (SIGINT, .stop("SIGINT")), (SIGQUIT, .quit),
    ])
    func signalsAskForTheirPart(number: Int32, request: SignalRequest) {
        #expect(SignalRequest(number: number) == request)
    }
}

@Suite struct FileWatcherTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("gatewright-\(UUID().uuidString)")

    private func watcher(_ files: [String], patterns: [String] = []) throws -> FileWatcher {
        FileWatcher(
            ConfigInputs(
                files: Dictionary(
                    uniqueKeysWithValues: files.map {
                        (folder.path + "/" + $0, FileDigest(ofFile: folder.path + "/" + $0))
                    }),
                patterns: Set(patterns.map { folder.path + "/" + $0 })))
    }

    private func write(_ text: String, _ name: String, at time: Double) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent(name).path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: path)
    }

    /// Looks until everything rests.
    private func settle(_ watcher: inout FileWatcher) -> Bool {
        repeat {
            if watcher.hasChanged() { return true }
        } while !watcher.isSettled
        return false
    }

    @Test func noticesNewContentOnce() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a", at: 1)
        var watcher = try watcher(["a"])
        let before = settle(&watcher)
        try write("two", "a", at: 2)
        let after = settle(&watcher)
        let later = settle(&watcher)
        #expect([before, after, later] == [false, true, false])
    }

    @Test func ignoresTheSameContentAtAnotherTime() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a", at: 1)
        var watcher = try watcher(["a"])
        try write("one", "a", at: 2)
        let changed = settle(&watcher)
        #expect(!changed)
    }

    @Test func noticesAFileThatAPatternMatches() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a.conf", at: 1)
        var watcher = try watcher([], patterns: ["*.conf"])
        try write("", "b.conf", at: 1)
        let added = settle(&watcher)
        try FileManager.default.removeItem(at: folder.appendingPathComponent("a.conf"))
        let removed = settle(&watcher)
        #expect(added && removed)
    }

    @Test func waitsForAFileThatIsStillBeingWritten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a", at: 1)
        var watcher = try watcher(["a"])
        _ = settle(&watcher)
        var looks: [Bool] = []
        for (time, text) in [(2.0, "t"), (3.0, "tw"), (4.0, "two")] {
            try write(text, "a", at: time)
            looks.append(watcher.hasChanged())
        }
        let isSettled = watcher.isSettled
        #expect(looks == [false, false, false] && !isSettled)
        let changed = watcher.hasChanged()
        #expect(changed)
    }

    @Test func noticesWhatChangedBetweenReadingAndWatching() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("two", "a", at: 1)
        let path = folder.path + "/a"
        var watcher = FileWatcher(ConfigInputs(files: [path: FileDigest(Array("one".utf8))]))
        let changed = settle(&watcher)
        #expect(changed)
    }

    @Test func aFileThatIsReplacedOnceMoreBySomethingEqualIsNoChange() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a", at: 1)
        var watcher = try watcher(["a"])
        _ = settle(&watcher)
        try FileManager.default.removeItem(at: folder.appendingPathComponent("a"))
        let whileGone = watcher.hasChanged()
        try write("one", "a", at: 2)
        let afterwards = settle(&watcher)
        #expect(!whileGone && !afterwards)
    }
}

@Suite struct PasswordHashTests {
    @Test func hashesWithTheGivenCost() throws {
        let hash = try PasswordHash.bcrypt("secret", cost: 4)
        #expect(hash.hasPrefix("$2b$04$") && hash.utf8.count == 60)
        #expect(try PasswordHash.bcrypt("secret", cost: 4) != hash)
    }

    @Test(arguments: ["", String(repeating: "x", count: 73), "a\0b"])
    func refusesWhatBcryptWouldCut(password: String) {
        #expect(throws: CommandError.self) { try PasswordHash.bcrypt(password, cost: 4) }
    }
}
