// What pkg-config says of the libraries that a plugin asks for.
import Commands

struct PackageFlags {
    private(set) var compile: [String] = []
    private(set) var link: [String] = []
    private(set) var versions = ""

    init(of names: [String]) throws(BuildError) {
        guard !names.isEmpty else { return }
        let tool = try Tools.pkgConfig()
        func ask(_ what: String) throws(BuildError) -> String {
            try tool.run(
                [what] + names,
                failure: "pkg-config does not know \(names.joined(separator: ", ")): "
                    + "install the development packages of these libraries")
        }
        compile = try ask("--cflags").split(whereSeparator: \.isWhitespace).map(String.init)
        link = try ask("--libs").split(whereSeparator: \.isWhitespace).map(String.init)
        versions = try ask("--modversion")
    }

    /// What pkg-config says of the libraries that a Swift package names, for what a build is named
    /// by: Swift does not tell which of their headers it has read.
    static func known(ofPackage manifest: String) -> [String] {
        guard let text = try? Files.read(manifest), let tool = try? Tools.pkgConfig() else {
            return []
        }
        return names(inPackage: String(decoding: text, as: UTF8.self)).map { name in
            let version = try? tool.run(["--modversion", name], failure: "")
            let flags = try? tool.run(["--cflags", "--libs", name], failure: "")
            return "\(name) \(version ?? "")\(flags ?? "")"
        }
    }

    /// The texts behind `pkgConfig:`, in their order.
    static func names(inPackage text: String) -> [String] {
        let marker = "pkgConfig:"
        var names: [String] = []
        for index in text.indices where text[index...].hasPrefix(marker) {
            let value = text[index...].dropFirst(marker.count).drop(while: \.isWhitespace)
            if value.first == "\"" { names.append(String(value.dropFirst().prefix { $0 != "\"" })) }
        }
        return names
    }
}
