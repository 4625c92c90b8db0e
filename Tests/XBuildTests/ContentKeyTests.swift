// What a build is named by.
import Testing

@testable import XBuild

@Suite struct ContentKeyTests {
    private static func key(_ folder: TestFolder, except outputs: Set<String> = []) throws -> String
    {
        var key = ContentKey()
        try key.add(folder: folder.path, as: "source", except: outputs)
        return key.value
    }

    /// Whether `change` makes another key of a folder that `make` has filled.
    private static func differs(
        except outputs: Set<String> = [], _ make: (TestFolder) throws -> Void,
        _ change: (TestFolder) throws -> Void
    ) throws -> Bool {
        let folder = try TestFolder()
        defer { folder.remove() }
        try make(folder)
        let before = try key(folder, except: outputs)
        #expect(try key(folder, except: outputs) == before)
        try change(folder)
        return try key(folder, except: outputs) != before
    }

    @Test func contentNameAndPermissionCount() throws {
        let make = { (folder: TestFolder) in _ = try folder.write("a", to: "a.c") }
        #expect(try Self.differs(make) { try $0.write("b", to: "a.c") })
        #expect(try Self.differs(make) { try $0.write("", to: "b.c") })
        #expect(
            try Self.differs(make) {
                Folders.remove("\($0.path)/a.c")
                try $0.write("a", to: "a.c", mode: 0o755)
            })
        #expect(try !Self.differs(make) { try $0.write("a", to: "a.c") })
    }

    @Test func whatALinkLeadsToCounts() throws {
        let outside = try TestFolder()
        defer { outside.remove() }
        try outside.write("1", to: "file.h")
        try outside.write("1", to: "folder/inner.h")
        let make = { (folder: TestFolder) in
            try folder.link("file.h", to: "\(outside.path)/file.h")
            try folder.link("folder", to: "\(outside.path)/folder")
        }
        #expect(try Self.differs(make) { _ in try outside.write("2", to: "file.h") })
        #expect(try Self.differs(make) { _ in try outside.write("2", to: "folder/inner.h") })
    }

    @Test func aLinkToItselfOrAboveOrNowhereEnds() throws {
        let make = { (folder: TestFolder) in
            try folder.write("a", to: "below/a.c")
            try folder.link("below/above", to: "..")
            try folder.link("self", to: "self")
            try folder.link("nowhere", to: "/nonexistent")
        }
        #expect(try Self.differs(make) { try $0.write("b", to: "below/a.c") })
    }

    @Test func outputsAreLeftOutAtTheRootOnly() throws {
        let make = { (folder: TestFolder) in
            try folder.write("a", to: "target/a")
            try folder.write("a", to: "src/target/a")
            _ = try folder.write("a", to: "build/a")
        }
        let outputs = PluginLanguage.rust.outputs
        #expect(try !Self.differs(except: outputs, make) { try $0.write("b", to: "target/a") })
        #expect(try Self.differs(except: outputs, make) { try $0.write("b", to: "src/target/a") })
        #expect(try Self.differs(except: outputs, make) { try $0.write("b", to: "build/a") })
        #expect(try Self.differs(make) { try $0.write("b", to: "target/a") })
    }
}
