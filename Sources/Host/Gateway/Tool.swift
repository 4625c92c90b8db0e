// What `gatewright` can do.
import Commands

enum Tool {
    static let gatewright = CommandLineTool(
        name: "gatewright",
        about:
            "gatewright is a gateway that is assembled from plugins and configured by Caddyfiles.",
        commands: [
            .run, .validate, .adapt, .fmt, .hashPassword, .listModules, .trust, .untrust, .environ,
            .version, .buildInfo,
        ])
}
