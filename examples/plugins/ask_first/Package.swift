// swift-tools-version: 6.2
import PackageDescription

// Where the SDK is: said by xbuild, else beside this example.
let sdk = Context.environment["GATEWRIGHT_SDK"] ?? "../../../PluginSDK"

let package = Package(
    name: "ask_first",
    products: [.library(name: "ask_first", type: .dynamic, targets: ["ask_first"])],
    dependencies: [.package(name: "PluginSDK", path: sdk)],
    targets: [
        .target(
            name: "ask_first_manifest",
            dependencies: [.product(name: "CGateway", package: "PluginSDK")],
            exclude: ["manifest.json"], publicHeadersPath: ".",
            cSettings: [.unsafeFlags(["-std=c23"])]),
        .target(
            name: "ask_first",
            dependencies: [
                .product(name: "PluginSDK", package: "PluginSDK"),
                .product(name: "CGateway", package: "PluginSDK"), "ask_first_manifest",
            ],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "--version-script=\(sdk)/C/plugin.map", "-Xlinker", "-Bsymbolic",
                ])
            ]),
    ]
)
