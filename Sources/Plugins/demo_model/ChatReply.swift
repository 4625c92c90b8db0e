// What the demo model reads from a chat completion request, and what it says.
import PluginSDK

/// The members of a request that matter.
struct ChatCall {
    let model: String
    let isStreamed: Bool
    let includesUsage: Bool
    /// The text of the last message; nil without messages.
    let prompt: String?

    init(_ body: Bytes, standardModel: String) throws(Status) {
        let document = try JSONDocument(body)
        guard case .object = document.value("") else { throw .invalid }
        model = document.string("/model").map { String($0) } ?? standardModel
        isStreamed = document.bool("/stream") ?? false
        includesUsage = document.bool("/stream_options/include_usage") ?? false
        prompt = Self.lastMessage(document)
    }

    /// Content is a text, or an array of parts of which the first text counts.
    private static func lastMessage(_ document: borrowing JSONDocument) -> String? {
        guard case .array(let count) = document.value("/messages"), count > 0 else { return nil }
        let message = "/messages/\(count - 1)/content"
        return message.withBytes { pointer in
            if let text = document.string(pointer) { return String(text) }
            return "\(message)/0/text".withBytes { pointer in
                document.string(pointer).map { String($0) } ?? ""
            }
        }
    }
}

/// The reply, whole or in pieces. Tokens are words here.
struct ChatReply {
    let words: [String]
    let includesUsage: Bool
    private let id: String
    private let model: String
    private let created = Int64(Clock.wall / 1_000_000_000)
    private let promptTokens: Int

    init(_ call: ChatCall, prompt: String, id: UInt64) {
        self.id = "chatcmpl-demo-\(id)"
        model = call.model
        includesUsage = call.includesUsage
        promptTokens = max(1, prompt.split(separator: " ").count)
        let text = "This is the demo model behind the gateway. You said: \(prompt)"
        words = text.split(separator: " ").enumerated().map { $0 == 0 ? String($1) : " \($1)" }
    }

    var whole: JSONValue {
        let message: JSONValue = ["role": "assistant", "content": .string(words.joined())]
        let choice: JSONValue = ["index": 0, "message": message, "finish_reason": "stop"]
        return object("chat.completion", ["choices": [choice], "usage": usage])
    }

    /// A server-sent event for one word, the first one with the role.
    func event(_ index: Int) -> String {
        var delta: [String: JSONValue] = ["content": .string(words[index])]
        if index == 0 { delta["role"] = "assistant" }
        return event(delta: .object(delta), finish: .null)
    }

    /// The last events: the reason, the usage when it was asked for, and the end mark.
    var lastEvents: String {
        var text = event(delta: [:], finish: "stop")
        if includesUsage {
            let usage = object("chat.completion.chunk", ["choices": [], "usage": usage])
            text += "data: \(usage.serialized)\n\n"
        }
        return text + "data: [DONE]\n\n"
    }

    private func event(delta: JSONValue, finish: JSONValue) -> String {
        let choice: JSONValue = ["index": 0, "delta": delta, "finish_reason": finish]
        let chunk = object("chat.completion.chunk", ["choices": [choice]])
        return "data: \(chunk.serialized)\n\n"
    }

    private func object(_ kind: String, _ members: [String: JSONValue]) -> JSONValue {
        let head: [String: JSONValue] = [
            "id": .string(id), "object": .string(kind), "created": .int(created),
            "model": .string(model),
        ]
        return .object(head.merging(members) { _, member in member })
    }

    private var usage: JSONValue {
        [
            "prompt_tokens": .int(Int64(promptTokens)),
            "completion_tokens": .int(Int64(words.count)),
            "total_tokens": .int(Int64(promptTokens + words.count)),
        ]
    }
}
