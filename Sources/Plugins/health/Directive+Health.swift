// The directive health.
import PluginSDK

extension Directive {
    /// health [<matcher>] [<path>]
    ///
    /// A lone path is taken as the path of the page: without it, it would be a matcher that makes
    /// the pages below it unreachable.
    static let health = Directive(
        "health", order: "rank:3150", options: [], summary: "shows the health of the upstreams"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0...2)
        try call.line.expectNoBlock()
        let arguments = call.line.arguments
        let hasMatcher = arguments.count == 2 || arguments.first?.text.hasPrefix("@") == true
        let path = hasMatcher ? arguments.dropFirst().first : arguments.first
        if let path, !path.text.hasPrefix("/") || path.text.hasSuffix("/") {
            throw PluginError("\"\(path.text)\" is no path such as /health", at: path)
        }
        let handler: JSONValue = .members([
            "handler": "health", "path": path.map { .string($0.text) },
        ])
        guard hasMatcher, arguments[0].text != "*" else { return handler }
        return ["routes": [["match": [call.matcher(arguments[0])], "handle": [handler]]]]
    }
}
