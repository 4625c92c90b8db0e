// From the sources of one plugin to its shared object.
import Commands

/// One plugin to build. Nothing of it depends on other plugins.
struct PluginBuild {
    let name: String
    /// Absolute, links followed.
    let folder: String
    let language: PluginLanguage
    let mode: PluginMode
    let settings: BuildSettings
    let checkout: Checkout
    /// Of everything in its folder but what its tools leave there.
    let sourceHash: String

    init(
        name: String, folder: String, mode: PluginMode, checkout: Checkout
    ) throws(BuildError) {
        self.name = name
        self.folder = Paths.resolved(folder) ?? folder
        settings = try BuildSettings(folder: folder)
        language = if let chosen = settings.language { chosen } else { try .detect(folder) }
        self.mode = mode
        self.checkout = checkout
        var source = ContentKey()
        try source.add(folder: self.folder, as: "source", except: language.outputs)
        sourceHash = source.value
    }

    /// The mode that a manifest would name: other languages have no Swift run-time library.
    var effectiveMode: String {
        switch language {
        case .swift: mode.rawValue
        case .swiftEmbedded: PluginMode.embedded.rawValue
        case .c, .cxx, .rust, .zig: "none"
        }
    }

    /// Builds it, or takes what an earlier build of the same input left.
    ///
    /// - Returns: The path of the shared object.
    func run(_ cache: Cache) throws(BuildError) -> String {
        let result = cache.result(name, try key())
        let file = "\(result)/\(name).so"
        if Folders.isFile(file), OutsideInputs.areCurrent(of: result) { return file }
        try Interruption.check()
        let staged = try StagedFolder(for: result)
        let built = "\(staged.path)/\(name).so"
        try Progress.timed("\(name): built (\(language.rawValue), \(effectiveMode))") {
            () throws(BuildError) in
            try build(built, scratch: try scratch(cache)).write(to: staged.path)
        }
        guard Folders.isFile(built) else {
            throw BuildError("the build ended well and made no \(name).so")
        }
        try staged.commit()
        return file
    }

    private func build(_ output: String, scratch: String) throws(BuildError) -> OutsideInputs {
        let inputs =
            switch language {
            case .c, .cxx: try CBuilder(self).build(output, scratch: scratch)
            case .rust: try RustBuilder(self).build(output, scratch: scratch)
            case .swift: try SwiftPackageBuilder(self).build(output, scratch: scratch)
            case .swiftEmbedded: try EmbeddedSwiftBuilder(self).build(output, scratch: scratch)
            case .zig: try ZigBuilder(self).build(output, scratch: scratch)
            }
        if language == .swift || language == .rust || language == .zig {
            try FinishedObject.strip(output)
        }
        if language == .swift, mode == .island { try FinishedObject.markIsland(output) }
        try FinishedObject.makeReproducible(output)
        var inside = [folder, scratch, checkout.sdk]
        if language == .swift || language == .swiftEmbedded {
            inside.append(Paths.folder(try SwiftToolchain(in: folder).libraries))
        }
        return OutsideInputs(inputs, except: inside)
    }

    /// Sources, settings, the ABI or SDK, compilers, these rules: what decides on the bytes of the
    /// result, beside the files that only its build knows (`OutsideInputs`).
    private func key() throws(BuildError) -> String {
        var key = ContentKey()
        if let own = Tool.find(["/proc/self/exe"]) { key.add(tool: own) }
        key.add("name", name)
        key.add("mode", effectiveMode)
        key.add("source", sourceHash)
        try key.add(folder: "\(checkout.sdk)/C", as: "abi")
        if language == .swift { try key.add(folder: "\(checkout.sdk)/Swift", as: "sdk") }
        try addTools(&key)
        if !settings.pkgConfig.isEmpty {
            let packages = try PackageFlags(of: settings.pkgConfig)
            key.add("packages", packages.versions)
            key.add("package flags", (packages.compile + packages.link).joined(separator: " "))
        }
        return key.value
    }

    private func addTools(_ key: inout ContentKey) throws(BuildError) {
        for tool in try tools() {
            key.add(tool: tool.program)
            key.add("version", try CompilerVersion.of(tool.program, tool.version, in: folder))
        }
        if language == .swift || language == .swiftEmbedded {
            key.add("swift", try SwiftToolchain(in: folder).identity)
        }
        if language == .swift {
            for library in PackageFlags.known(ofPackage: "\(folder)/Package.swift") {
                key.add("library", library)
            }
        }
        for name in ["ld", "ld.gold", "ld.lld"] {
            if let linker = Tool.find([name]) { key.add(tool: linker) }
        }
        for (name, value) in ProcessEnvironment.ofCompilers { key.add("$\(name)", value) }
    }

    /// The compilers, and how each is asked which one it is.
    private func tools() throws(BuildError) -> [(program: Tool, version: [String])] {
        let c = (try? Tools.cCompiler()).map { [($0, ["--version"])] } ?? []
        let strip = (try? Tools.strip()).map { [($0, ["--version"])] } ?? []
        return switch language {
        case .c: [(try Tools.cCompiler(), ["--version"])]
        case .cxx: [(try Tools.cxxCompiler(), ["--version"])] + c
        case .rust: [(try Tools.cargo(), ["--version"]), (try Tools.rustc(), ["-vV"])] + c + strip
        case .swift: strip
        case .swiftEmbedded: c
        case .zig: [(try Tools.zig(), ["version"])] + strip
        }
    }

    /// By where the sources are, so that a changed file is built on top of what is there.
    private func scratch(_ cache: Cache) throws(BuildError) -> String {
        var key = ContentKey()
        key.add("folder", folder)
        key.add("sdk", checkout.sdk)
        key.add("mode", effectiveMode)
        try addTools(&key)
        let scratch = cache.scratch(name, key.value)
        try withFiles { () throws(FilesError) in try Folders.make(scratch) }
        return scratch
    }
}
