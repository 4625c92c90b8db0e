// A function with the arguments that a configuration gives it: prepared once, called per request.
import FunctionsFFI
import PluginSDK

struct FunctionCall: Sendable {
    let function: Function
    private let arguments: [Template]

    /// What the function gave. Bytes live as long as the exchange.
    enum Value {
        case none
        case bool(Bool)
        case signed(Int64)
        case unsigned(UInt64)
        case number(Double)
        case bytes(Bytes)
    }

    init(_ function: Function, _ arguments: [String], scope: Scope) throws(PluginError) {
        let expected = function.signature.argumentCount
        guard arguments.count == expected else {
            throw PluginError(
                "\(function.name) takes \(expected) arguments "
                    + "(\(function.signature.letters)), found \(arguments.count)")
        }
        self.function = function
        self.arguments = try arguments.map { (text) throws(PluginError) in
            try scope.template(text)
        }
    }

    func evaluate(_ request: inout Request, log scope: Scope) throws(Status) -> Value {
        var values = gwf_arguments()
        try fill(&values, &request)
        var buffer: UnsafeMutablePointer<UInt8>?
        if function.signature.result == .written {
            let memory = try request.allocate(function.bytesMax)
            buffer = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
        }
        var result = gwf_result()
        let status = function.call(&values, buffer: buffer, &result)
        guard status == GWF_OK else { return try outcome(status, &request, scope) }
        switch function.signature.result {
        case .bool: return .bool(result.value.integer != 0)
        case .int32, .int64: return .signed(result.value.integer)
        case .unsigned32, .unsigned64: return .unsigned(UInt64(bitPattern: result.value.integer))
        case .double: return .number(result.value.number)
        case .written: return .bytes(Bytes(start: result.bytes, count: result.count))
        case .view, .text, .owned: return try take(&result, &request, scope)
        }
    }

    /// Bytes of the function become bytes of the exchange, since it may reuse its own at once.
    private func take(
        _ result: inout gwf_result, _ request: inout Request, _ scope: Scope
    ) throws(Status) -> Value {
        let memory = try request.allocate(max(1, result.count))
        let start = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let status = function.take(&result, to: start)
        guard status == GWF_OK else { return try outcome(status, &request, scope) }
        return .bytes(Bytes(start: start, count: result.count))
    }

    // MARK: Arguments

    private func fill(_ values: inout gwf_arguments, _ request: inout Request) throws(Status) {
        var next = 0
        for parameter in function.signature.parameters {
            if parameter == .request {
                gwf_add_pointer(&values, request.rawPointer)
                continue
            }
            let text = try request.evaluate(arguments[next])
            next += 1
            switch parameter {
            case .view:
                gwf_add_pointer(&values, text.start)
                gwf_add_size(&values, text.count)
            case .text: gwf_add_pointer(&values, try terminated(text, &request))
            case .double: gwf_add_number(&values, try number(text, &request))
            case .bool: gwf_add_integer(&values, text == "true" || text == "1" ? 1 : 0)
            case .int32, .unsigned32, .int64, .unsigned64:
                gwf_add_integer(&values, try integer(text, parameter, &request))
            case .request: break
            }
        }
    }

    private func terminated(
        _ text: Bytes, _ request: inout Request
    ) throws(Status) -> UnsafeRawPointer? {
        guard !text.buffer.contains(0) else { throw refuse("a NUL in a text", &request) }
        let memory = try request.allocate(text.count + 1)
        memory.copyMemory(from: text.buffer)
        memory[text.count] = 0
        return UnsafeRawPointer(memory.baseAddress)
    }

    private func integer(
        _ text: Bytes, _ parameter: Parameter, _ request: inout Request
    ) throws(Status) -> Int64 {
        var reader = NumberReader(text)
        let value: Int64? =
            switch parameter {
            case .int32: reader.signed(within: Int64(Int32.min)...Int64(Int32.max))
            case .unsigned32: reader.unsigned(max: UInt64(UInt32.max)).map(Int64.init(bitPattern:))
            case .unsigned64: reader.unsigned(max: .max).map(Int64.init(bitPattern:))
            default: reader.signed(within: .min ... .max)
            }
        guard let value else { throw refuse("no whole number of its range", &request) }
        return value
    }

    private func number(_ text: Bytes, _ request: inout Request) throws(Status) -> Double {
        var reader = NumberReader(text)
        guard let value = reader.double() else { throw refuse("no number", &request) }
        return value
    }

    // MARK: What can go wrong

    /// What a request brought does not fit the function: the client's fault.
    private func refuse(_ what: StaticString, _ request: inout Request) -> Status {
        _ = request.fail(status: 400, Bytes(stringLiteral: what), code: .invalid)
        return .invalid
    }

    private func outcome(
        _ status: Int32, _ request: inout Request, _ scope: Scope
    ) throws(Status) -> Value {
        switch status {
        case GWF_NONE: return .none
        case GWF_TOO_LONG:
            scope.log(
                .error, "a function gave more than \(function.bytesMax) bytes, or no NUL",
                .text("function", function.name), .text("library", function.library))
        case GWF_CRASHED:
            scope.log(
                .error, "a function crashed and is not called any more, until the next reload",
                .text("function", function.name), .text("library", function.library),
                .text("signal", function.signalName))
        default: break
        }
        _ = request.fail(status: 500, "a function failed", code: .internal)
        throw .internal
    }
}
