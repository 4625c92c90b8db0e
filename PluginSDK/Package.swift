// swift-tools-version: 6.2
// The SDK as a package of its own, for plugins that live elsewhere (README.md, "In Swift").
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
]

let package = Package(
    name: "PluginSDK",
    products: [
        .library(name: "PluginSDK", targets: ["PluginSDK"]),
        .library(name: "CGateway", targets: ["CGateway"]),
    ],
    targets: [
        .target(name: "CGateway", path: "C", exclude: ["plugin.map", "layout"]),
        .target(
            name: "PluginSDK", dependencies: ["CGateway"], path: "Swift",
            swiftSettings: swiftSettings),
    ]
)
