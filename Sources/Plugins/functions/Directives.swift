// The global option functions and the matcher function.
import PluginSDK

extension Directive {
    /// functions <library> [<name>] {
    ///     <function> <signature> [<argument>…] [{
    ///         symbol <name>
    ///         free <name>
    ///         size <bytes>
    ///     }]
    /// }
    static let functions = Directive(
        "functions", options: [], summary: "binds exported C functions as placeholders"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(1...2)
        let texts = call.line.texts
        var functions: [JSONValue] = []
        for line in call.line.lines { functions.append(try function(line)) }
        guard !functions.isEmpty else {
            throw PluginError(
                "functions has no block with functions, expected lines such as: country v:z "
                    + "{client_ip}", at: call.line.name)
        }
        return .members([
            "library": .string(resolved(texts[0], beside: call.file)),
            "name": texts.count == 2 ? .string(texts[1]) : nil,
            "functions": .array(functions),
        ])
    }

    /// function <library>.<function> [<argument>…]
    static let function = Directive(
        "function", options: [], summary: "matches when a declared function says so"
    ) { (call) throws(PluginError) in
        let texts = call.line.texts
        try call.line.expectNoBlock()
        guard let name = texts.first else {
            throw PluginError(
                "function needs the name of a function such as geo.is_bot", at: call.line.name)
        }
        let arguments = texts.count > 1 ? JSONValue(Array(texts.dropFirst())) : nil
        return .members(["name": .string(name), "arguments": arguments])
    }

    private static func function(_ line: Line) throws(PluginError) -> JSONValue {
        guard FunctionDescription.isName(line.name.text) else {
            throw PluginError(
                "\"\(line.name.text)\" is no name of a function, expected letters, digits and _",
                at: line.name)
        }
        guard let signature = line.arguments.first else {
            throw PluginError(
                "\(line.name.text) needs a signature such as v:z", at: line.name)
        }
        try check(line, signature)
        let options = try options(line)
        return .members([
            "name": .string(line.name.text), "signature": .string(signature.text),
            "arguments": line.arguments.count > 1
                ? JSONValue(Array(line.texts.dropFirst())) : nil,
            "symbol": options.symbol, "free": options.free, "size": options.size,
        ])
    }

    /// Finds mistakes that can be shown in their place.
    private static func check(_ line: Line, _ signature: Token) throws(PluginError) {
        let types: Signature
        do throws(PluginError) {
            types = try Signature(signature.text, of: line.name.text)
        } catch {
            throw PluginError(error.message, hint: error.hint, at: signature)
        }
        let found = line.arguments.count - 1
        guard found == types.argumentCount else {
            throw PluginError(
                "\(line.name.text) takes \(types.argumentCount) arguments (\(types.letters)), "
                    + "found \(found)", at: line.arguments.last ?? line.name)
        }
    }

    private static func options(
        _ line: Line
    ) throws(PluginError) -> (symbol: JSONValue?, free: JSONValue?, size: JSONValue?) {
        var options: (symbol: JSONValue?, free: JSONValue?, size: JSONValue?)
        for option in line.lines {
            let value = try option.singleArgument()
            switch option.name.text {
            case "symbol": options.symbol = .string(value.text)
            case "free": options.free = .string(value.text)
            case "size":
                let size = try value.integer("size")
                guard (1...Int64(Function.bytesMaxLimit)).contains(size) else {
                    throw PluginError(
                        "size is \(size), expected 1 to \(Function.bytesMaxLimit)", at: value)
                }
                options.size = .int(size)
            default:
                throw .unknown(
                    "option", option.name.text, in: line.name.text,
                    known: ["symbol", "free", "size"], at: option.name)
            }
        }
        return options
    }

    /// A relative path counts from the folder of the configuration's file; a name without a slash
    /// is one for the system to find.
    private static func resolved(_ path: String, beside file: String) -> String {
        guard !path.hasPrefix("/"), path.contains("/"), let slash = file.lastIndex(of: "/") else {
            return path
        }
        return String(file[...slash]) + path
    }
}
