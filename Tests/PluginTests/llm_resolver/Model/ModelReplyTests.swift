// Replies of models, well and badly behaved.
import PluginSDK
import Testing

@testable import LLMResolverParts

@Suite struct ModelReplyTests {
    private let question = ModelQuestion(
        host: "shop.localhost",
        candidates: [
            Candidate(id: "p1", kind: .process, port: 3000, workingDirectory: "/home/dev/shop"),
            Candidate(id: "p2", kind: .process, port: 3001, workingDirectory: "/home/dev/shop2"),
        ], salt: 7)

    private func id(of candidate: String) -> String {
        question.answers.first { $0.value == candidate }!.key
    }

    private func completion(_ content: String) -> [UInt8] {
        let reply: JSONValue = ["choices": [["message": ["content": .string(content)]]]]
        return Array(reply.serialized.utf8)
    }

    private func answer(_ content: String) throws(ModelFailure) -> String? {
        try ModelReply.answer(completion(content), to: question)
    }

    @Test func findsTheAnswerInWhatSurroundsIt() throws {
        let id = id(of: "p2")
        for content in [
            "{\"id\": \"\(id)\"}", "```json\n{\"id\":\"\(id)\"}\n```", id, " \"\(id)\".\n",
            "Surely this one:\n{\"id\":\"\(id.uppercased())\", \"reason\":\"} it {\"}\nHope it helps",
            "<think>{\"id\":\"none\"} or not?</think>{\"id\":\"\(id)\"}", "`\(id)`",
        ] {
            #expect(try answer(content) == "p2", "\(content)")
        }
        let parts: JSONValue = [
            "choices": [
                ["message": ["content": [["type": "text", "text": .string("{\"id\":\"\(id)\"}")]]]]
            ]
        ]
        #expect(try ModelReply.answer(Array(parts.serialized.utf8), to: question) == "p2")
    }

    @Test(arguments: ["{\"id\":\"none\"}", "none", "{\"id\": null}", "{\"id\":\" NONE \"}"])
    func takesNone(content: String) throws {
        #expect(try answer(content) == nil)
    }

    @Test(arguments: ["{\"id\":\"p1\"}", "{\"id\": 1}", "{\"id\":\"3000\"}", "{\"id\":\"\"}"])
    func refusesWhatWasNotOffered(content: String) {
        #expect(throws: ModelFailure.foreign) { try answer(content) }
    }

    @Test func refusesWhatIsNoAnswer() {
        let both = "{\"id\":\"\(id(of: "p1"))\"} {\"id\":\"\(id(of: "p2"))\"}"
        let twice = "{\"id\":\"\(id(of: "p1"))\",\"id\":\"none\"}"
        for content in [
            "", "I cannot help with that.", "{", "{}", "{\"port\":3000}", "[1]", both, twice,
            "{\"id\":[\"\(id(of: "p1"))\"]}", "{\"id\":true}", "the answer is \(id(of: "p1"))",
        ] {
            #expect(throws: ModelFailure.unclear, "\(content)") { try answer(content) }
        }
    }

    @Test(arguments: [
        "", "garbage", "{}", "null", "{\"choices\":[]}", "{\"choices\":[{}]}",
        "{\"choices\":[{\"message\":{\"content\":null}}]}", "<html>502</html>", "{\"choices\":{}}",
    ])
    func refusesWhatIsNoCompletion(body: String) {
        #expect(throws: ModelFailure.noCompletion) {
            try ModelReply.answer(Array(body.utf8), to: question)
        }
    }

    @Test func survivesWhateverComes() {
        var generator = SystemRandomNumberGenerator()
        let good = completion("```\n{\"id\":\"\(id(of: "p1"))\"}\n```")
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            let answer = try? ModelReply.answer(bytes, to: question)
            if let id = answer { #expect(id == "p1" || id == "p2") }
        }
    }

    @Test func refusesAnEndlessReply() {
        let body = completion(String(repeating: "{", count: ModelReply.bytesMax))
        #expect(throws: ModelFailure.noCompletion) { try ModelReply.answer(body, to: question) }
        let deep = completion(String(repeating: "{\"a\":", count: 20_000))
        #expect(throws: ModelFailure.unclear) { try ModelReply.answer(deep, to: question) }
    }
}
