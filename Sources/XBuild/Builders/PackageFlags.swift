// What pkg-config says of the libraries that a plugin asks for.

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
}
