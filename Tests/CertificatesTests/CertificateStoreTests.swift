// The store on disk: modes, atomic replacement, two users at once.
import Foundation
import Testing

@testable import Certificates

@Suite struct CertificateStoreTests {
    let directory: TemporaryDirectory
    let store: CertificateStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try CertificateStore(directory: directory.path + "/data")
    }

    @Test func keepsFilesAndDirectoriesPrivate() throws {
        try store.write([1], to: "a/b/file.pem")
        #expect(try directory.mode("data") == 0o700)
        #expect(try directory.mode("data/a") == 0o700)
        #expect(try directory.mode("data/a/b") == 0o700)
        #expect(try directory.mode("data/a/b/file.pem") == 0o600)
    }

    @Test func replacesWithoutLeavingTemporaryFiles() throws {
        try store.write([1, 2], to: "file")
        try store.write([3], to: "file")
        #expect(try store.read("file") == [3])
        #expect(directory.contents == ["data", "data/file"])
    }

    @Test func tellsMissingFromUnreadable() throws {
        #expect(try store.read("nothing") == nil)
        try store.write([1], to: "folder/file")
        #expect(throws: CertificateError.self) { try store.read("folder") }
    }

    @Test func setsAsideUnderANameWithTheTime() throws {
        try store.write([1], to: "file")
        let kept = try #require(try store.setAside("file", now: 77))
        #expect(kept.hasSuffix("/data/file.corrupt-77"))
        #expect(try store.read("file") == nil)
        #expect(try store.setAside("file", now: 78) == nil)
    }

    @Test func saysWhyItCannotWrite() throws {
        try store.write([1], to: "file")
        #expect {
            try store.write([1], to: "file/below")
        } throws: { "\($0)".contains("cannot write") && "\($0)".contains("Not a directory") }
    }

    @Test func lockExcludesOtherUsers() async throws {
        let path = directory.path + "/counter"
        try Data("0".utf8).write(to: URL(fileURLWithPath: path))
        let store = store
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<25 {
                        try store.withLock { () throws(CertificateError) in
                            guard let old = try? String(contentsOfFile: path, encoding: .utf8),
                                let count = Int(old)
                            else { throw CertificateError("unreadable") }
                            try? Data("\(count + 1)".utf8).write(to: URL(fileURLWithPath: path))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "200")
    }

    @Test(
        arguments: [
            (["XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/gatewright"),
            (["XDG_DATA_HOME": "relative", "HOME": "/h"], "/h/.local/share/gatewright"),
            (["HOME": "/h"], "/h/.local/share/gatewright"),
            ([:], nil),
        ] as [([String: String], String?)])
    func findsTheDataDirectory(_ environment: [String: String], _ expected: String?) {
        #if os(Linux)
        #expect(CertificateStore.defaultDirectory(environment: environment) == expected)
        #endif
    }
}
