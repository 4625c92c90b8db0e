// A declared function as a matcher: @bot function geo.is_bot [<argument>…].
import FunctionsFFI
import PluginSDK

/// `{"function": {"name": "geo.is_bot", "arguments": […]}}`. It matches what is true, not zero,
/// or not empty.
struct FunctionMatcher: MatcherModule {
    static let id = "http.matchers.function"
    static let directives = [Directive.function]
    /// The function is that of the library that the same configuration declares.
    static let readsFiles = true

    private let call: FunctionCall
    private let scope: Scope

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        self.scope = scope
        guard let name = try configuration.string("name") else {
            throw PluginError("name is missing, expected that of a function such as geo.is_bot")
        }
        let arguments = try configuration.strings("arguments")
        guard let declared = DeclaredFunctions.find(name) else {
            throw PluginError(
                "no function \(name) is declared", hint: DeclaredFunctions.hint(for: name))
        }
        guard let arguments else {
            call = declared
            return
        }
        call = try FunctionCall(declared.function, arguments, scope: scope)
    }

    func workerStart(_ worker: Worker) { gwf_prepare_thread() }

    func matches(_ request: inout Request) throws(Status) -> Bool {
        switch try call.evaluate(&request, log: scope) {
        case .none: false
        case .bool(let truth): truth
        case .signed(let value): value != 0
        case .unsigned(let value): value != 0
        case .number(let value): value != 0
        case .bytes(let bytes): !bytes.isEmpty
        }
    }
}
