// What `xbuild` can do.
import Commands

enum XBuildTool {
    static let tool = CommandLineTool(
        name: "xbuild", about: "xbuild puts gateways together out of Gatewright and plugins.",
        commands: [.build, .run, .new, .check, .test], otherwise: meaning)

    /// Flags alone build; nothing at all builds and runs.
    private static func meaning(_ arguments: [String]) -> [String]? {
        guard let first = arguments.first else { return ["run"] }
        return first.hasPrefix("-") ? ["build"] + arguments : nil
    }
}
