// `version`, `build-info` and `environ`: what this program is and sees.
import CGateway
import Commands
import Loader

/// This release of gatewright.
enum Release {
    static let version = "0.1.0"

    static var platform: String {
        #if os(macOS)
        "macos/\(architecture)"
        #else
        "linux/\(architecture)"
        #endif
    }

    static var buildMode: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    private static var architecture: String {
        #if arch(arm64)
        "arm64"
        #else
        "amd64"
        #endif
    }
}

extension Command {
    static let version = Command(
        name: "version", summary: "prints the version",
        details: "Prints the version of gatewright.",
        run: { _ throws(CommandError) in
            Console.print("v\(Release.version)")
            return .success
        })

    static let buildInfo = Command(
        name: "build-info", summary: "prints how this program was built",
        details: "Prints version, plugin ABI, platform and kind of build.",
        run: { _ throws(CommandError) in
            Console.print(
                """
                gatewright v\(Release.version)
                abi        \(GW_ABI_MAJOR).\(GW_ABI_MINOR)
                platform   \(Release.platform)
                build      \(Release.buildMode)
                plugins    \(PluginFinder.fileSuffix)
                """)
            return .success
        })

    static let environ = Command(
        name: "environ", summary: "prints the environment",
        details: "Prints the environment as the gateway would see it, with its own folders.",
        flags: [Flag("envfile", .values("file"), "file with environment variables (repeatable)")],
        run: { arguments throws(CommandError) in
            try Environment.load(files: arguments.values("envfile"))
            EnvironmentReport.show()
            return .success
        })
}

enum EnvironmentReport {
    static func show() {
        let plugins = PluginSet(nil)
        Console.print(
            """
            gatewright.Version=v\(Release.version)
            gatewright.Platform=\(Release.platform)
            gatewright.ExecutableFolder=\(Files.executableFolder)
            gatewright.PluginFolders=\(plugins.loader.finder.folders.joined(separator: ":"))
            """)
        for line in Environment.all { Console.print(line) }
    }
}
