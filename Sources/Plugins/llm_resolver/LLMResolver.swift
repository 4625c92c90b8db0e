// The handler "llm_resolver": sets the variable upstream to the service that the host means.
package import PluginSDK

package struct LLMResolver: RequestHook {
    package static let id = "http.handlers.llm_resolver"
    package static let directives = [
        Directive(
            "llm_resolver", order: "before:reverse_proxy",
            summary: "finds the service that a host name means"
        ) { (call) throws(PluginError) in ["handler": "llm_resolver"] }
    ]

    package init(configuration: inout Configuration, scope: Scope) throws(PluginError) {}

    package func onRequest(
        _ request: inout Request, _ state: inout NoState
    ) throws(Status) -> Verdict {
        .next
    }
}
