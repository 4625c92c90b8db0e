// swift-tools-version: 6.2
// Gatewright: the host, the plugin SDK, the first-party plugins and their tests.
import PackageDescription

let root = Context.packageDirectory

/// Paths in release builds do not say where the checkout was: two of them give equal files.
let reproducible = "\(root)=/gatewright"

/// Settings of every Swift target. Exclusivity is checked in debug builds and tests only: the
/// data path is single-threaded per connection by design.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(
        ["-enforce-exclusivity=unchecked", "-file-prefix-map", reproducible],
        .when(configuration: .release)),
]

/// What runs in the gateway does without regular expressions of Swift: linking them costs 1 MiB.
let productSettings =
    swiftSettings + [
        .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])
    ]

let cSettings: [CSetting] = [
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-ffile-prefix-map=\(reproducible)"], .when(configuration: .release)),
]

/// A shared object exports its entry point and nothing else, never lets the host's symbols
/// replace its own, and stays mapped once loaded (docs/abi.md, "Loading").
func pluginLinkerSettings(_ name: String) -> [LinkerSetting] {
    [
        .unsafeFlags(
            [
                "-Xlinker", "--version-script=\(root)/PluginSDK/C/plugin.map",
                "-Xlinker", "-Bsymbolic",
                "-Xlinker", "-z", "-Xlinker", "nodelete",
                "-Xlinker", "-soname=\(name).so",
            ], .when(platforms: [.linux]))
    ]
}

/// Wrappers of C libraries that belong to one plugin, each in a folder inside the plugin's.
let pluginWrappers: [String: (target: String, folder: String, library: String?)] = [
    "auth": (target: "AuthCrypt", folder: "Crypt", library: "crypt"),
    "functions": (target: "FunctionsFFI", folder: "FFI", library: "ffi"),
    // No library: files that are embedded.
    "llm_resolver": (target: "LLMResolverPages", folder: "Pages", library: nil),
]

/// Plugins whose entry point is in the folder Entry, alone: the rest is a target that unit tests
/// link without the flags of a shared object.
let pluginParts = [
    "llm_resolver": "LLMResolverParts"
]

/// A first-party plugin: its Swift targets, its manifest in a section of its own, its wrapper.
func plugin(_ name: String, path: String? = nil, other: [String] = []) -> [Target] {
    let path = path ?? "Sources/Plugins/\(name)"
    let wrapper = pluginWrappers[name]
    let parts = pluginParts[name]
    let code: [Target.Dependency] =
        ["PluginSDK", "CGateway"] + (wrapper.map { [.target(name: $0.target)] } ?? [])
    let exclude = ["Manifest", "README.md"] + other + (wrapper.map { [$0.folder] } ?? [])
    var targets: [Target] = [
        .target(
            name: "\(name)_manifest", dependencies: ["CGateway"], path: "\(path)/Manifest",
            exclude: ["manifest.json"], publicHeadersPath: ".",
            cSettings: cSettings + [.unsafeFlags(["-std=c23"])]),
        .target(
            name: name,
            dependencies: code + [.target(name: "\(name)_manifest")]
                + (parts.map { [.target(name: $0)] } ?? []),
            path: parts == nil ? path : "\(path)/Entry", exclude: parts == nil ? exclude : [],
            swiftSettings: productSettings, linkerSettings: pluginLinkerSettings(name)),
    ]
    if let parts {
        targets.append(
            .target(
                name: parts, dependencies: code, path: path, exclude: exclude + ["Entry"],
                swiftSettings: productSettings))
    }
    if let wrapper {
        targets.append(
            .target(
                name: wrapper.target, path: "\(path)/\(wrapper.folder)",
                exclude: wrapper.library == nil ? ["assets"] : [],
                cSettings: cSettings
                    + (wrapper.library == nil ? [.unsafeFlags(["-std=c23"])] : []),
                linkerSettings: (wrapper.library.map { [.linkedLibrary($0)] } ?? [])))
    }
    return targets
}

/// The first-party plugins, each a product of its own.
let pluginNames = [
    "auth",
    "demo_model",
    "functions",
    "header",
    "health",
    "llm_resolver",
    "respond",
    "reverse_proxy",
    "rewrite",
]

func host(
    _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Host/\(name)",
        swiftSettings: productSettings + settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, except: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: path ?? "Tests/\(name)Tests",
        exclude: except, swiftSettings: swiftSettings)
}

let package = Package(
    name: "gatewright",
    products: [
        .executable(name: "gatewright", targets: ["Gateway"]),
        .executable(name: "xbuild", targets: ["XBuild"]),
    ] + (pluginNames + ["hello"]).map { .library(name: $0, type: .dynamic, targets: [$0]) },
    targets: [
        // C libraries and shims.
        .systemLibrary(
            name: "COpenSSL", path: "Sources/Host/C/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/Host/C/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "CSystem", path: "Sources/Host/C/CSystem", cSettings: cSettings),
        .target(
            name: "CCrypt", path: "Sources/Host/C/CCrypt", cSettings: cSettings,
            linkerSettings: [.linkedLibrary("crypt")]),
        .target(
            name: "CRE2", path: "Sources/Host/C/CRE2", linkerSettings: [.linkedLibrary("re2")]),

        // The plugin ABI and the SDK over it.
        .target(
            name: "CGateway", path: "PluginSDK/C", exclude: ["plugin.map", "layout"],
            cSettings: cSettings),
        .target(
            name: "PluginSDK", dependencies: ["CGateway"], path: "PluginSDK/Swift",
            swiftSettings: productSettings + [.enableExperimentalFeature("Lifetimes")]),

        // The host, lowest layer first.
        host("Base", ["CSystem"]),
        host("Commands", ["Base", "CSystem"]),
        host("Logging", ["Base", "CSystem", "CZlib"]),
        host("HTTP", ["Base", "CGateway"]),
        // The others follow (docs/decisions/0005).
        host("Config", ["Base"], settings: [.strictMemorySafety()]),
        host("Transport", ["Base", "CSystem", "COpenSSL"]),
        host("Routing", ["Base", "HTTP", "CGateway"]),
        host("Loader", ["Base", "CGateway"]),
        host("Services", ["Base", "CGateway", "COpenSSL", "CRE2"]),
        host("Certificates", ["Base", "COpenSSL"]),
        host(
            "Server",
            [
                "Base", "Logging", "Certificates", "HTTP", "Transport", "Config", "Routing",
                "Loader",
                "Services",
                "CGateway",
            ]),
        .executableTarget(
            name: "Gateway",
            dependencies: [
                "Base", "Commands", "Logging", "Certificates", "Config", "Loader", "Server",
                "Services", "CCrypt", "CGateway", "CSystem",
            ],
            path: "Sources/Host/Gateway", swiftSettings: productSettings),

        // The tool that puts gateways together.
        .executableTarget(
            name: "XBuild",
            dependencies: ["Base", "Commands", "Loader", "Services", "CSystem", "CGateway"],
            path: "Sources/XBuild", swiftSettings: productSettings),

        // Tests.
        tests("XBuild", ["XBuild", "Base", "Commands", "Loader"]),
        tests("Base", ["Base"]),
        tests("HTTP", ["Base", "HTTP", "CGateway"]),
        tests("Config", ["Base", "Config"]),
        tests("Commands", ["Commands"]),
        tests("Gateway", ["Base", "Commands", "Gateway", "Config"]),
        tests("Logging", ["Base", "Logging"]),
        tests("Loader", ["Base", "Loader", "CGateway"]),
        tests("Services", ["Base", "Services", "CGateway"]),
        tests("Transport", ["Base", "Transport", "Certificates", "COpenSSL"]),
        tests(
            "Server",
            [
                "Base", "CGateway", "Certificates", "HTTP", "Loader", "Logging", "Routing",
                "Server",
                "Transport",
            ]),
        tests("Certificates", ["Base", "Certificates"]),
        tests("Routing", ["Base", "Routing", "CGateway"]),
        .target(
            name: "TestHost", dependencies: ["Services", "CGateway"],
            path: "Tests/Support/TestHost",
            swiftSettings: swiftSettings),
        tests("SDK", ["PluginSDK", "TestHost", "CGateway"]),
        tests("Plugin", ["TestHost"], except: pluginParts.keys.sorted()),
        tests(
            "LLMResolver", ["LLMResolverParts", "PluginSDK"],
            path: "Tests/PluginTests/llm_resolver"),
    ] + pluginNames.flatMap { plugin($0) }
        + plugin(
            "hello", path: "PluginSDK/Template/swift", other: ["Package.swift.in", "test.json"]),
    cxxLanguageStandard: .cxx17
)
