// What a plugin expects of others has to be in the libraries that it names: the host gives nothing.
import Commands
import Loader

enum ImportCheck {
    static func run(
        _ image: ELFImage, path: String, _ report: inout ObjectReport
    ) throws(ObjectFileError) {
        let wanted = Set(try image.imports().filter { !$0.isWeak }.map(\.name))
        var missing = wanted
        var notFound: [String] = []
        var rest = try image.neededLibraries()
        var seen = Set(rest)
        let runPaths = try image.libraryFolders()
        while let name = rest.popLast(), !missing.isEmpty {
            let found = KnownLibraries.find(name, near: Paths.folder(path), runPaths)
            guard let found, let library = try? Object.read(found) else {
                notFound.append(name)
                continue
            }
            missing.subtract(try library.exports().map(\.name))
            // A library may pass on what it needs itself, as libc does with ld-linux.
            for next in try library.neededLibraries() where seen.insert(next).inserted {
                rest.append(next)
            }
        }
        missing.remove("__tls_get_addr")
        guard !missing.isEmpty else { return }
        let names = SharedObjectCheck.shortened(missing.sorted())
        if notFound.isEmpty {
            report.findings.append(
                Finding(
                    .error, "imports", "expects \(names), which no library that it names gives",
                    hint: "the host exports nothing; link with -Wl,--no-undefined to see where it "
                        + "comes from"))
        } else {
            let libraries = notFound.sorted().joined(separator: ", ")
            report.findings.append(
                Finding(
                    .warning, "imports",
                    "\(libraries) is not on this machine, so \(names) could not "
                        + "be looked up"))
        }
    }
}
