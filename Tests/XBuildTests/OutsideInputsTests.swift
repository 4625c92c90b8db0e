// What a build has read beside its own folder.
import Base
import Testing

@testable import XBuild

@Suite struct OutsideInputsTests {
    @Test func aChangedOrMissingFileIsNoticed() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let header = try folder.write("1", to: "a.h")
        try folder.write("1", to: "beside/b.swift")
        let inputs = OutsideInputs([header, "\(folder.path)/beside"], except: [])
        #expect(inputs.isCurrent)
        #expect(OutsideInputs(inputs.json) == inputs)
        try folder.write("2", to: "a.h")
        #expect(!inputs.isCurrent)
        try folder.write("1", to: "a.h")
        try folder.write("", to: "beside/new.swift")
        #expect(!inputs.isCurrent)
        Folders.remove("\(folder.path)/beside/new.swift")
        #expect(inputs.isCurrent)
        Folders.remove(header)
        #expect(!inputs.isCurrent)
    }

    @Test func whatIsInsideIsLeftOut() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let own = try folder.write("", to: "own/a.c")
        let other = try folder.write("", to: "own-not/a.c")
        let inputs = OutsideInputs(
            [own, other, "\(folder.path)/own/../own/a.c"],
            except: ["\(folder.path)/own"])
        #expect(inputs.hashes.keys.sorted() == [other])
    }

    @Test func aFileThatComesIsNoticed() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let inputs = OutsideInputs(["\(folder.path)/Cargo.lock"], except: [])
        #expect(inputs.isCurrent)
        try folder.write("", to: "Cargo.lock")
        #expect(!inputs.isCurrent)
    }

    @Test func aResultThatDoesNotSayIsNotCurrent() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        #expect(!OutsideInputs.areCurrent(of: folder.path))
        try OutsideInputs([], except: []).write(to: folder.path)
        #expect(OutsideInputs.areCurrent(of: folder.path))
    }
}
