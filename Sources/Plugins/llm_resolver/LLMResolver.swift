// The handler "llm_resolver": sets the variable upstream to the service that the host means.
import PluginSDK

struct LLMResolver: RequestHook {
    static let id = "http.handlers.llm_resolver"
    static let directives = [
        Directive(
            "llm_resolver", order: "before:reverse_proxy",
            summary: "finds the service that a host name means"
        ) { (call) throws(PluginError) in ["handler": "llm_resolver"] }
    ]

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {}

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        .next
    }
}
