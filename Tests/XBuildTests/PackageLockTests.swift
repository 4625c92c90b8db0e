// Lock files of package managers that the build writes.
import Commands
import Testing

@testable import XBuild

@Suite struct PackageLockTests {
    private static func build(
        _ folder: TestFolder, _ body: () throws(BuildError) -> Void
    ) throws(BuildError) {
        try PackageLock("Cargo.lock", of: folder.path, scratch: "\(folder.path)/scratch")
            .around(body)
    }

    @Test func whatTheBuildWroteIsPutAsideAndUsedAgain() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try Self.build(folder) { () throws(BuildError) in
            _ = try? folder.write("1", to: "Cargo.lock")
        }
        #expect(!folder.has("Cargo.lock"))
        var found: [UInt8] = []
        #expect(throws: BuildError.self) {
            try Self.build(folder) { () throws(BuildError) in
                found = (try? Files.read("\(folder.path)/Cargo.lock")) ?? []
                throw BuildError("stopped")
            }
        }
        #expect(found == Array("1".utf8))
        #expect(!folder.has("Cargo.lock"))
    }

    @Test func whatTheAuthorKeepsStays() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("1", to: "Cargo.lock")
        try Self.build(folder) {}
        #expect(folder.has("Cargo.lock") && !folder.has("scratch"))
    }
}
