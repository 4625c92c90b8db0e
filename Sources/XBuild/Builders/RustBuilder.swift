// Plugins in Rust: a crate of type cdylib, built by cargo.
import Base
import Commands

struct RustBuilder {
    private let plugin: PluginBuild

    init(_ plugin: PluginBuild) { self.plugin = plugin }

    /// - Returns: Paths of what was read.
    func build(_ output: String, scratch: String) throws(BuildError) -> Set<String> {
        let workspace = try workspaceFolder()
        let lock = PackageLock("Cargo.lock", of: workspace, scratch: scratch)
        try lock.around { () throws(BuildError) in
            try Tools.cargo().run(
                ["build", "--release", "--quiet", "--lib"] + (lock.isAuthors ? ["--locked"] : []),
                in: plugin.folder,
                environment: [
                    "CARGO_TARGET_DIR": scratch, "CARGO_ENCODED_RUSTFLAGS": flags(scratch),
                    "CARGO_TERM_COLOR": "never", "GATEWRIGHT_SDK": plugin.checkout.sdk,
                    "RUSTFLAGS": nil,
                ],
                failure: "cargo cannot build it")
        }
        let built = try library("\(scratch)/release")
        try withFiles { () throws(FilesError) in try Folders.copy(built, to: output, mode: 0o755) }
        return MakeRules.sources(below: "\(scratch)/release", from: plugin.folder)
            .union(["\(workspace)/Cargo.toml", "\(workspace)/Cargo.lock"])
    }

    /// The folder of the workspace that the crate is in, which may be above its own.
    private func workspaceFolder() throws(BuildError) -> String {
        let manifest = try Tools.cargo().run(
            ["locate-project", "--workspace", "--message-format", "plain"], in: plugin.folder,
            failure: "cargo cannot read Cargo.toml")
        return Paths.folder(manifest.trimmed)
    }

    /// cargo names the library after the crate, which need not have the plugin's name.
    private func library(_ folder: String) throws(BuildError) -> String {
        let expected = "lib\(plugin.name.map { $0 == "-" ? "_" : $0 }.map(String.init).joined()).so"
        let libraries = Folders.entries(folder).filter { Paths.suffix($0) == "so" }
        if libraries.contains(expected) { return "\(folder)/\(expected)" }
        guard let only = libraries.first, libraries.count == 1 else {
            throw BuildError(
                "cargo made no \(expected): Cargo.toml needs [lib] with crate-type = [\"cdylib\"]")
        }
        return "\(folder)/\(only)"
    }

    /// Separated by a byte that is in no flag.
    private func flags(_ scratch: String) -> String {
        let home =
            ProcessEnvironment.value("CARGO_HOME")
            ?? "\(ProcessEnvironment.value("HOME") ?? "")/.cargo"
        let places = [
            (plugin.folder, "."), (scratch, "/build"), (plugin.checkout.folder, "/gatewright"),
            (home, "/cargo"),
        ]
        let maps = places.map { "--remap-path-prefix=\($0.0)=\($0.1)" }
        // rustc brings a version script of its own: the exported functions and nothing else.
        let links = LinkFlags.ofPlugin(plugin.name, plugin.checkout).filter {
            !$0.contains(text: "version-script")
        }
        return (maps + links.map { "-Clink-arg=\($0)" }).joined(separator: "\u{1f}")
    }
}
