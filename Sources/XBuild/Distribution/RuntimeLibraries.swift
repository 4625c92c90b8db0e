// The Swift run-time libraries that a distribution carries, and what it needs of the system.

struct RuntimeLibraries: Equatable {
    /// Paths of libraries of the toolchain, by name.
    private(set) var swift: [String: String] = [:]
    /// Names of libraries that the system has to have.
    private(set) var system: Set<String> = []

    /// Everything that these files need, and what that needs.
    ///
    /// - Parameter folder: The toolchain's libraries; nil leaves all to the system.
    init(neededBy files: [String], folder: String?) throws(BuildError) {
        var rest = files
        while let file = rest.popLast() {
            for name in try Object.needs(file) where swift[name] == nil {
                guard let path = folder.map({ "\($0)/\(name)" }), Folders.isFile(path) else {
                    system.insert(name)
                    continue
                }
                swift[name] = path
                rest.append(path)
            }
        }
    }

    /// Debian packages that have the libraries of the system, sorted; empty on other systems.
    func debianPackages() throws(BuildError) -> [String] {
        guard let query = Tool.find(["dpkg-query"]) else { return [] }
        let folders = [
            "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64",
        ]
        let places = system.sorted().flatMap { name in folders.map { "\($0)/\(name)" } }
        // Some of these paths lead through links and are in no package; the others are told.
        let found = try ToolCall(
            program: query.path, arguments: ["--search"] + places.filter(Folders.isFile)
        ).run()
        return Self.packages(inSearch: found.output)
    }

    /// - Parameter output: Lines of the form `PACKAGE[:ARCHITECTURE][, …]: PATH`.
    static func packages(inSearch output: String) -> [String] {
        let lines = output.split(separator: "\n").filter { !$0.hasPrefix("diversion by ") }
        return Set(lines.map { String($0.prefix { $0 != ":" && $0 != "," }) }).sorted()
    }
}
