// The handler "copy_response": sends the upstream's answer from routes of handle_response.
import PluginSDK

struct CopyResponse: RequestHook {
    static let id = "http.handlers.copy_response"
    static let directives = [Directive.copyResponse]

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        if configuration.value("status_code") != nil {
            throw .unsupported("a status in copy_response")
        }
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        try request.copyResponse()
    }
}

/// Known, so that a configuration with it is adapted and then refused by name.
struct CopyResponseHeaders: HTTPHandler {
    static let id = "http.handlers.copy_response_headers"
    static let directives = [Directive.copyResponseHeaders]

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        throw .unsupported("copy_response_headers")
    }
}
