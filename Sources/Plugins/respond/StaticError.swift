// An error from the configuration, for the error routes to answer.
import PluginSDK

struct StaticError: RequestHook {
    static let id = "http.handlers.error"
    static let directives = [Directive.error]

    private let status: StatusSource
    private let message: Template

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let status = try configuration.weakString("status_code")
        self.status = try StatusSource(status, scope: scope) ?? .constant(500)
        message = try scope.template(try configuration.string("error") ?? "", .keepUnknown)
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        guard let status = try status.value(for: request) else {
            return request.fail(status: 500, "the status is no number", code: .invalid)
        }
        return request.fail(status: status, try request.evaluate(message))
    }
}
