// What the tests of xbuild share: folders of their own, and shared objects.
import Base
import Commands

@testable import XBuild

/// A folder that goes with the test; use it with `defer { folder.remove() }`.
struct TestFolder {
    let path: String

    init(_ name: String = #function) throws {
        let plain = name.filter { $0.isLetter }
        path =
            "/tmp/xbuild-tests-\(Folders.processID)-\(plain)-\(UInt64.random(in: 0...UInt64.max))"
        try Folders.make(path)
    }

    func remove() { Folders.remove(path) }

    @discardableResult
    func write(_ text: String, to name: String, mode: UInt16 = 0o644) throws -> String {
        try Folders.write(text, to: "\(path)/\(name)", mode: mode)
        return "\(path)/\(name)"
    }

    func link(_ name: String, to target: String) throws {
        try Folders.link(target, at: "\(path)/\(name)")
    }

    func has(_ name: String) -> Bool { Folders.kind("\(path)/\(name)") != nil }

    /// A shared object out of C or assembly, as its bytes.
    func object(_ source: String, _ flags: [String] = [], kind: String = "c") throws -> [UInt8] {
        let file = try write(source, to: "object.\(kind)")
        let output = "\(path)/object.so"
        try Tools.cCompiler().run(
            ["-shared", "-fPIC", file, "-o", output] + flags, failure: "the fixture does not build")
        return try Files.read(output, bytesMax: .max)
    }
}
