// Rotation: when, under which names, what is compressed and what is deleted.
import Foundation
import Testing

@testable import Logging

@Suite struct LogFileTests {
    private let noon: LogTimestamp = 1_795_178_096_789_000_000
    private let day: LogTimestamp = 86_400_000_000_000

    private func options(_ folder: TemporaryFolder, _ name: String = "a.log") -> LogFileOptions {
        LogFileOptions(path: folder.path + "/" + name, rollBytesMax: 100, rollGzip: false)
    }

    private func write(_ text: String, to output: LogOutput, now: LogTimestamp) {
        output.writeLine(now: now) { $0.append(text + "\n") }
    }

    @Test func rotatesBeforeTheLineThatDoesNotFit() throws {
        let folder = try TemporaryFolder()
        let output = LogOutput(.file(try LogFile(options(folder))))
        let line = String(repeating: "x", count: 39)
        for index in 0..<3 { write("\(index)\(line)", to: output, now: noon) }
        output.flush(now: noon)
        #expect(folder.names() == ["a-2026-11-20T12-34-56.789.log", "a.log"])
        #expect(folder.lines("a-2026-11-20T12-34-56.789.log") == ["0\(line)", "1\(line)"])
        #expect(folder.lines("a.log") == ["2\(line)"])
    }

    @Test func countsWhatTheFileHeldBefore() throws {
        let folder = try TemporaryFolder()
        try Data(repeating: 0x61, count: 95).write(to: URL(fileURLWithPath: folder.path + "/a.log"))
        let output = LogOutput(.file(try LogFile(options(folder))))
        write("0123456789", to: output, now: noon)
        output.flush(now: noon)
        #expect(folder.text("a.log") == "0123456789\n")
    }

    @Test func twoRotationsInAMillisecondKeepBothFiles() throws {
        let folder = try TemporaryFolder()
        let output = LogOutput(.file(try LogFile(options(folder))))
        let line = String(repeating: "x", count: 90)
        for _ in 0..<3 { write(line, to: output, now: noon) }
        output.flush(now: noon)
        #expect(
            folder.names() == [
                "a-2026-11-20T12-34-56.789.log", "a-2026-11-20T12-34-56.790.log", "a.log",
            ])
    }

    @Test func withoutRollingTheFileGrows() throws {
        let folder = try TemporaryFolder()
        var options = options(folder)
        options.rollBytesMax = nil
        let output = LogOutput(.file(try LogFile(options)))
        for _ in 0..<10 { write(String(repeating: "x", count: 90), to: output, now: noon) }
        output.flush(now: noon)
        #expect(folder.names() == ["a.log"])
        #expect(folder.lines("a.log").count == 10)
    }

    @Test func tidyingKeepsTheNewestAndOnlyItsOwn() throws {
        let folder = try TemporaryFolder()
        var options = options(folder)
        options.rollKeep = 2
        let archive = LogArchive(options)
        for age in 0..<4 {
            _ = FileManager.default.createFile(
                atPath: archive.backupPath(at: noon - LogTimestamp(age) * day), contents: Data())
        }
        let strangers = ["a-notes.log", "ab-2020-01-01T00-00-00.000.log", "a.log"]
        for name in strangers {
            _ = FileManager.default.createFile(atPath: folder.path + "/" + name, contents: Data())
        }
        archive.tidy(now: noon)
        let kept = ["a-2026-11-20T12-34-56.789.log", "a-2026-11-19T12-34-56.789.log"]
        #expect(Set(folder.names()) == Set(strangers + kept))
    }

    @Test func tidyingDeletesWhatIsTooOld() throws {
        let folder = try TemporaryFolder()
        var options = options(folder)
        options.rollKeepDays = 3
        let archive = LogArchive(options)
        for age in [2, 4] {
            _ = FileManager.default.createFile(
                atPath: archive.backupPath(at: noon - LogTimestamp(age) * day), contents: Data())
        }
        archive.tidy(now: noon)
        #expect(folder.names() == ["a-2026-11-18T12-34-56.789.log"])
    }

    @Test func tidyingCompressesBackups() throws {
        let folder = try TemporaryFolder()
        var options = options(folder)
        options.rollGzip = true
        let archive = LogArchive(options)
        let text = String(repeating: "a line of log\n", count: 20_000)
        try text.write(toFile: archive.backupPath(at: noon), atomically: false, encoding: .utf8)
        archive.tidy(now: noon)
        #expect(folder.names() == ["a-2026-11-20T12-34-56.789.log.gz"])
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
        gzip.arguments = ["-dc", folder.path + "/" + folder.names()[0]]
        let pipe = Pipe()
        gzip.standardOutput = pipe
        try gzip.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        #expect(String(decoding: data, as: UTF8.self) == text)
    }

    @Test func aFileWithoutExtensionRotatesToo() throws {
        let folder = try TemporaryFolder()
        let archive = LogArchive(options(folder, "access"))
        #expect(archive.backupPath(at: noon) == folder.path + "/access-2026-11-20T12-34-56.789")
    }
}
