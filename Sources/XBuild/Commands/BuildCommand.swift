// `xbuild build`: a gateway with the plugins that were asked for.
import Commands

/// What `build` and `run` are asked for.
struct BuildRequest {
    /// The plugins that are in every gateway unless `--bare` is given.
    static let standardPlugins = [
        "auth", "header", "health", "respond", "reverse_proxy", "rewrite",
    ]

    static let flags = [
        Flag(
            "with", .values("name[@version][=path-or-git-url]"),
            "plugin to put in (repeatable); a name alone is one of Gatewright's own"),
        Flag("bare", "puts in the plugins of --with only, not the standard ones"),
        Flag("mode", .value("mode"), "Swift run-time library: shared (default), island, embedded"),
        Flag("source", .value("folder"), "checkout of Gatewright"),
        Flag("cache", .value("folder"), "where builds are kept (XBUILD_CACHE)"),
        Flag("verbose", "shows the commands that are run"),
        Flag("quiet", "says nothing but errors"),
    ]

    let specs: [PluginSpec]
    let mode: PluginMode
    let checkout: Checkout
    let cache: Cache

    init(
        specs: [PluginSpec], mode: PluginMode, checkout: Checkout, cache: Cache
    ) throws(BuildError) {
        self.specs = specs
        self.mode = mode
        self.checkout = checkout
        self.cache = cache
    }

    static func standardSpecs() throws(BuildError) -> [PluginSpec] {
        var specs: [PluginSpec] = []
        for name in standardPlugins { specs.append(try PluginSpec(name)) }
        return specs
    }

    /// - Parameter own: A plugin that is put in unless --with names it.
    init(_ arguments: ParsedArguments, own: PluginSpec? = nil) throws(BuildError) {
        Progress.configure(arguments)
        var specs: [PluginSpec] = []
        for text in arguments.values("with") { specs.append(try PluginSpec(text)) }
        if let own, !specs.contains(where: { $0.name == own.name }) { specs.append(own) }
        if !arguments.has("bare") {
            let named = specs.map(\.name)
            specs += try Self.standardSpecs().filter { !named.contains($0.name) }
        }
        self.specs = specs.sorted { $0.name < $1.name }
        for (spec, next) in zip(self.specs, self.specs.dropFirst()) where spec.name == next.name {
            throw BuildError("--with names the plugin \(spec.name) twice")
        }
        guard !specs.isEmpty else {
            throw BuildError("--bare without --with makes a gateway that can do nothing")
        }
        mode = try PluginMode(option: arguments.value("mode"))
        checkout = try Checkout.find(option: arguments.value("source"))
        cache = try Cache(option: arguments.value("cache"))
    }

    /// Builds whatever is not built yet, and puts it into a folder.
    ///
    /// - Returns: What is in it, and the paths of the archives.
    func makeDistribution(
        in target: String, archives: [Archive.Kind] = []
    ) throws(BuildError) -> (Distribution, archives: [String]) {
        try Distribution.requireReplaceable(target)
        let host = HostBuild(checkout, mode: mode)
        // Names that do not exist are told before anything is built.
        for spec in specs where spec.place == .firstParty {
            _ = try checkout.pluginFolder(spec.name)
        }
        try host.run()
        let workshop = PluginWorkshop(checkout: checkout, mode: mode, cache: cache, host: host)
        var parts: [PluginPart] = []
        for spec in specs {
            try Interruption.check()
            parts.append(try workshop.make(spec))
        }
        let distribution = Distribution(
            checkout: checkout, host: host, mode: mode, plugins: parts,
            version: checkout.version(), revision: checkout.revision())
        let made = try distribution.write(to: target, archives: archives, cache: cache)
        return (distribution, made)
    }
}

extension Command {
    static let build = Command(
        name: "build", summary: "makes a gateway in a folder, with the plugins of --with",
        details: """
            Makes a distribution: program, Swift run-time libraries, plugins, lock file, licences, \
            systemd unit, Dockerfile. It runs from any folder, on machines without a toolchain.

              xbuild --with llm_resolver --with ./geo.so=geo.so
              xbuild --with greet=../greet --with quota@v1.2=https://example.com/quota.git

            A place is a folder with sources (Package.swift, Cargo.toml, *.c, *.cpp, *.swift), a shared \
            object, or a git repository, whose folder may follow behind #.
            """,
        flags: BuildRequest.flags + [
            Flag("output", short: "o", .value("folder"), "the distribution (default ./gatewright)"),
            Flag("archive", "makes FOLDER.tar.gz beside it, too"),
            Flag("deb", "makes a Debian package beside it, too"),
        ],
        run: { arguments throws(CommandError) in
            try reporting { () throws(BuildError) in
                let request = try BuildRequest(arguments)
                let target = Paths.absolute(arguments.value("output") ?? "gatewright")
                let kinds =
                    (arguments.has("archive") ? [Archive.Kind.tarball] : [])
                    + (arguments.has("deb") ? [.debianPackage] : [])
                let (distribution, archives) = try Progress.timed("\(target): made") {
                    () throws(BuildError) in
                    try request.makeDistribution(in: target, archives: kinds)
                }
                for plugin in distribution.plugins {
                    for warning in plugin.warnings { Progress.say("\(plugin.name): \(warning)") }
                }
                for path in archives { Console.print(path) }
                Console.print(target)
                return .success
            }
        })
}
