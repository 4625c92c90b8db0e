// The handler "vars": sets request variables.
import PluginSDK

struct Variables: RequestHook {
    static let id = "http.handlers.vars"
    static let directives = [Directive.vars, .root]

    private let assignments: [(variable: Variable, value: Template)]
    /// Those whose names hold placeholders; the name begins with "http.vars.".
    private let named: [(name: Template, value: Template)]

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        configuration.ignore("handler")
        var assignments: [(Variable, Template)] = []
        var named: [(Template, Template)] = []
        for (name, value) in configuration.remaining() {
            let text = if case .string(let text) = value { text } else { value.serialized }
            let template = try scope.template(text)
            if name.contains("{") {
                named.append((try scope.template("http.vars." + name), template))
            } else {
                assignments.append((scope.variable(name), template))
            }
            if name == "http.auth.user.id" { named.append((try scope.template(name), template)) }
        }
        self.assignments = assignments
        self.named = named
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        for (variable, value) in assignments {
            try request.set(variable, to: try request.evaluate(value))
        }
        for (name, value) in named {
            try request.setPlaceholder(try request.evaluate(name), to: try request.evaluate(value))
        }
        return .leave
    }
}
