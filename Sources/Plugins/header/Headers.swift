// The handler "headers": operations on the fields of the request, and on those of the response.
import PluginSDK

struct Headers: RequestHook, ResponseHook {
    static let id = "http.handlers.headers"
    static let directives = [Directive.header, .requestHeader]

    private let request: FieldOperations?
    private let response: FieldOperations?
    private let condition: ResponseMatcher?

    /// `deferred` is accepted and changes nothing: operations on a response run when its head is
    /// about to be sent, so they see what every handler behind this one has set.
    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        request = try configuration.object("request") { (operations) throws(PluginError) in
            try FieldOperations(configuration: &operations, of: .request, scope: scope)
        }
        var condition: ResponseMatcher?
        response = try configuration.object("response") { (operations) throws(PluginError) in
            operations.ignore("deferred")
            condition = try operations.object("require") { (require) throws(PluginError) in
                try ResponseMatcher(configuration: &require, scope: scope)
            }
            return try FieldOperations(configuration: &operations, of: .response, scope: scope)
        }
        self.condition = condition
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        guard let operations = self.request else { return .leave }
        let exchange = request.exchange
        try operations.apply(to: &request.fields, in: exchange)
        return .next
    }

    func onResponse(
        _ request: inout Request, _ state: inout NoState, _ response: inout Response
    ) throws(Status) -> Verdict {
        guard let operations = self.response else { return .leave }
        if let condition, !condition.matches(response) { return .next }
        try operations.apply(to: &response.fields, in: request.exchange)
        return .next
    }
}
