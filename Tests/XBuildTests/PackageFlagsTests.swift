// Libraries of the system.
import Testing

@testable import XBuild

@Suite struct PackageFlagsTests {
    @Test(
        arguments: [
            (#".systemLibrary(name: "A", pkgConfig: "openssl", providers: [])"#, ["openssl"]),
            ("a(pkgConfig:\"a\")\nb(pkgConfig: \n \"b\")", ["a", "b"]),
            ("pkgConfig: nil, pkgConfig: name", []), ("", []),
        ] as [(String, [String])])
    func areNamedByAPackage(text: String, names: [String]) {
        #expect(PackageFlags.names(inPackage: text) == names)
    }

    @Test func areAskedOfPkgConfig() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let package = try folder.write(
            "pkgConfig: \"openssl\", pkgConfig: \"x-none\"", to: "Package.swift")
        let known = PackageFlags.known(ofPackage: package)
        #expect(known.count == 2)
        #expect(known[0].hasPrefix("openssl 3."))
        #expect(known[1] == "x-none ")
        #expect(PackageFlags.known(ofPackage: "\(folder.path)/none").isEmpty)
    }
}
