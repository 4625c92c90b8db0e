// The handler "demo_model": answers /v1/models and /v1/chat/completions as the OpenAI API does.
import PluginSDK

struct DemoModel: RequestHook, RequestBodyHook, WritableHook, CancelHook, CompletionHook {
    static let id = "http.handlers.demo_model"
    static let directives = [
        /// demo_model [<matcher>] [<name>]
        Directive(
            "demo_model", order: "before:reverse_proxy",
            summary: "answers as a model server does, without a model"
        ) { (call) throws(PluginError) in
            try call.line.expectArguments(0...1)
            try call.line.expectNoBlock()
            return .members([
                "handler": "demo_model", "model": call.line.texts.first.map(JSONValue.string),
            ])
        }
    ]

    /// The stream of this exchange, once it has begun.
    struct State: BitwiseCopyable {
        var stream: Unmanaged<ChatStream>?
    }

    private let model: String
    private let scope: Scope

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        model = try configuration.string("model") ?? "demo"
        self.scope = scope
    }

    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        if request.path == "/v1/models" || request.path == "/models" {
            guard request.methodID == .get || request.methodID == .head else {
                return try wrongMethod(&request, allowed: "GET")
            }
            return try answer(&request, 200, Self.models(model))
        }
        if request.path == "/v1/chat/completions" || request.path == "/chat/completions" {
            guard request.methodID == .post else {
                return try wrongMethod(&request, allowed: "POST")
            }
            return .collect
        }
        let path = request.path.text
        return try fail(&request, 404, "unknown path \(path)", code: "not_found")
    }

    func onRequestBody(
        _ request: inout Request, _ state: inout State, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict {
        let call: ChatCall
        do throws(Status) {
            call = try ChatCall(chunk.bytes, standardModel: model)
        } catch {
            return try fail(&request, 400, "the body is no JSON object", code: "invalid_json")
        }
        guard let prompt = call.prompt else {
            return try fail(
                &request, 400, "messages is missing or empty", code: "missing_messages")
        }
        let reply = ChatReply(call, prompt: prompt, id: request.id)
        guard call.isStreamed else { return try answer(&request, 200, reply.whole) }
        var response = try request.response(status: 200)
        try response.fields.set(.contentType, "text/event-stream; charset=utf-8")
        try response.fields.set(.cacheControl, "no-cache")
        let verdict = try request.start()
        let stream = ChatStream(
            reply, to: request.reference, scope: scope, worker: request.worker)
        state.stream = Unmanaged.passRetained(stream)
        try stream.begin()
        return verdict
    }

    func onWritable(_ request: inout Request, _ state: inout State) {
        state.stream?.takeUnretainedValue().resume()
    }

    func onCancel(_ request: inout Request, _ state: inout State, _ reason: Status) {
        state.stream?.takeUnretainedValue().stop()
    }

    func onComplete(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary
    ) {
        state.stream?.takeUnretainedValue().stop()
        state.stream?.release()
        state.stream = nil
    }

    private func wrongMethod(
        _ request: inout Request, allowed: String
    ) throws(Status) -> Verdict {
        try fail(&request, 405, "the method is not allowed, expected \(allowed)", code: "method")
    }

    private func answer(
        _ request: inout Request, _ status: UInt16, _ body: JSONValue
    ) throws(Status) -> Verdict {
        try body.serialized.withBytes { (body) throws(Status) in
            try request.respond(status: status, contentType: "application/json", body)
        }
    }

    /// The error shape of the OpenAI API.
    private func fail(
        _ request: inout Request, _ status: UInt16, _ message: String, code: String
    ) throws(Status) -> Verdict {
        let error: JSONValue = [
            "message": .string(message), "type": "invalid_request_error", "param": .null,
            "code": .string(code),
        ]
        return try answer(&request, status, ["error": error])
    }

    private static func models(_ model: String) -> JSONValue {
        let entry: JSONValue = [
            "id": .string(model), "object": "model", "created": 1_700_000_000,
            "owned_by": "gatewright",
        ]
        return ["object": "list", "data": [entry]]
    }
}
