// The placeholders of one library: {geo.country} calls country of libgeo.so.
import FunctionsFFI
import PluginSDK

/// `{"provider": "functions", "library": "./libgeo.so", "functions": [{"name": …}]}`.
struct FunctionLibrary: PlaceholderModule {
    static let id = "http.placeholders.functions"
    static let directives = [Directive.functions]
    /// The library's file decides what its functions are.
    static let readsFiles = true

    private let name: String
    private let descriptions: [FunctionDescription]
    private let path: String
    private let scope: Scope
    private var calls: [FunctionCall] = []

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        guard let path = try configuration.string("library"), !path.isEmpty else {
            throw PluginError("library is missing, expected the path of a shared object")
        }
        self.path = path
        self.scope = scope
        name = try configuration.string("name") ?? Library.name(of: path)
        guard FunctionDescription.isName(name) else {
            throw PluginError(
                "\"\(name)\" cannot begin placeholders, expected letters, digits and _",
                hint: "give the library a name of its own")
        }
        descriptions = try configuration.objects("functions") { (each) throws(PluginError) in
            try FunctionDescription(&each)
        }
        guard !descriptions.isEmpty else {
            throw PluginError("functions is empty, expected one at least")
        }
    }

    mutating func provision(scope: Scope) throws(PluginError) {
        let library = try Library(path: path, name: name)
        var seen: Set<String> = []
        for description in descriptions {
            guard seen.insert(description.name).inserted else {
                throw PluginError("function \(description.name) is given twice")
            }
            let function = try Function(description, in: library)
            calls.append(
                try FunctionCall(function, description.arguments, scope: scope))
        }
        DeclaredFunctions.add(calls)
    }

    func workerStart(_ worker: Worker) { gwf_prepare_thread() }

    func cleanup() { DeclaredFunctions.remove(calls) }

    // MARK: Placeholders

    func slot(of name: String) throws(PluginError) -> UInt32? {
        if let index = calls.firstIndex(where: { $0.function.name == name }) {
            return UInt32(index)
        }
        guard name.hasPrefix("\(self.name).") else { return nil }
        let known = calls.map(\.function.name)
        throw PluginError(
            "library \(path) is not bound to a function of that name, known are "
                + known.joined(separator: ", "))
    }

    func value(of slot: UInt32, in request: inout Request) throws(Status) -> Bytes? {
        switch try calls[Int(slot)].evaluate(&request, log: scope) {
        case .none: nil
        case .bool(let truth): truth ? "true" : "false"
        case .signed(let value): try request.decimal(value)
        case .unsigned(let value): try request.decimal(value, isNegative: false)
        case .number(let value): try request.shortest(value)
        case .bytes(let bytes): bytes
        }
    }
}
