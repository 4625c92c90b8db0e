// A plugin to copy: the directive "hello" answers with a greeting.
public import CGateway
import PluginSDK

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    Plugin.tables(boot, name: "hello", version: "1.0.0", modules: [Hello.self])
}

struct Hello: RequestHook {
    static let id = "http.handlers.hello"
    static let directives = [
        /// hello [<matcher>] <name>
        Directive("hello", order: "before:respond", summary: "greets somebody") {
            (call) throws(PluginError) in
            ["handler": "hello", "name": .string(try call.line.singleArgument().text)]
        }
    ]

    private let greeting: Template

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let name = try configuration.string("name") ?? "{http.request.remote.host}"
        greeting = try scope.template("Hello, \(name)!\n")
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        let text = try request.evaluate(greeting)
        return try request.respond(status: 200, contentType: "text/plain; charset=utf-8", text)
    }
}
