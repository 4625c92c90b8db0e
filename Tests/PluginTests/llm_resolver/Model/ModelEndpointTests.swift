// Asking an endpoint that behaves and one that does not, with calls and a clock of the tests' own.
import PluginSDK
import Synchronization
import Testing

@testable import LLMResolverParts

@Suite struct ModelEndpointTests {
    /// Answers calls one after the other and keeps their bodies.
    final class Script: Sendable {
        private let state: Mutex<(replies: [Result<ModelResponse, ModelFailure>], bodies: [String])>

        init(_ replies: [Result<ModelResponse, ModelFailure>]) { state = Mutex((replies, [])) }

        var bodies: [String] { state.withLock { $0.bodies } }

        func send(_ call: ModelCall) throws(ModelFailure) -> ModelResponse {
            try state.withLock { state in
                state.bodies.append(String(decoding: call.body, as: UTF8.self))
                return state.replies.isEmpty ? .failure(.unreachable) : state.replies.removeFirst()
            }.get()
        }
    }

    final class Clock: Sendable {
        private let time = Mutex<UInt64>(1_000_000_000_000_000)
        var now: UInt64 { time.withLock { $0 } }
        func advance(seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }
    }

    private let clock = Clock()

    private func question(_ host: String = "shop.localhost") -> ModelQuestion {
        ModelQuestion(
            host: host,
            candidates: [
                Candidate(id: "p1", kind: .process, port: 3000),
                Candidate(id: "p2", kind: .process, port: 3001),
            ], salt: 7)
    }

    private func completion(_ content: String) -> Result<ModelResponse, ModelFailure> {
        let reply: JSONValue = ["choices": [["message": ["content": .string(content)]]]]
        return .success(ModelResponse(status: 200, body: Array(reply.serialized.utf8)))
    }

    private func status(_ status: UInt16, _ retry: UInt64? = nil) -> Result<
        ModelResponse, ModelFailure
    > {
        .success(ModelResponse(status: status, retryAfterSeconds: retry, body: []))
    }

    private func choice(_ candidate: String) -> Result<ModelResponse, ModelFailure> {
        completion("{\"id\":\"\(question().answers.first { $0.value == candidate }!.key)\"}")
    }

    private func endpoint(
        _ script: Script, _ change: (inout ModelSettings) -> Void = { _ in }
    ) throws -> ModelEndpoint {
        var settings = ModelSettings(url: "http://127.0.0.1:1234/v1/chat/completions", model: "m")
        change(&settings)
        return try ModelEndpoint(settings) { (call) async throws(ModelFailure) in
            try script.send(call)
        }
    }

    private func ask(
        _ endpoint: ModelEndpoint, _ host: String = "shop.localhost"
    ) async -> Result<Decision, ModelFailure> {
        await endpoint.ask(question(host)) { [clock] in clock.now }
    }

    @Test func decidesForAnOfferedCandidate() async throws {
        let endpoint = try endpoint(Script([choice("p2")]))
        let decision = try await ask(endpoint).get()
        #expect(decision.candidate == "p2")
        #expect(decision.by == "model")
    }

    @Test func triesWeakerFormatsAndRemembersTheOneThatWorks() async throws {
        let script = Script([status(400), status(422), choice("p1"), choice("p2")])
        let endpoint = try endpoint(script)
        #expect(try await ask(endpoint).get().candidate == "p1")
        #expect(try await ask(endpoint, "other.localhost").get().candidate == "p2")
        #expect(script.bodies.map { $0.contains("json_schema") } == [true, false, false, false])
        #expect(script.bodies.map { $0.contains("json_object") } == [false, true, false, false])
    }

    @Test func givesUpWhenNoFormatIsTaken() async throws {
        let script = Script([status(400), status(400), status(400)])
        let endpoint = try endpoint(script)
        #expect(await ask(endpoint) == .failure(.refused(400)))
        #expect(await ask(endpoint) == .failure(.remembered))
        #expect(script.bodies.count == 3)
    }

    @Test func waitsAsLongAsItIsToldTo() async throws {
        let script = Script([status(429, 90), choice("p1")])
        let endpoint = try endpoint(script)
        #expect(await ask(endpoint) == .failure(.rateLimited))
        clock.advance(seconds: 89)
        #expect(await ask(endpoint) == .failure(.resting(seconds: 2)))
        clock.advance(seconds: 1)
        #expect(try await ask(endpoint).get().candidate == "p1")
        #expect(script.bodies.count == 2)
    }

    @Test(arguments: [500, 503] as [UInt16]) func restsLongerAfterEveryFailure(code: UInt16)
        async throws
    {
        let script = Script([status(code), status(code), choice("p1")])
        let endpoint = try endpoint(script)
        #expect(await ask(endpoint) == .failure(.serverError(code)))
        clock.advance(seconds: 5)
        #expect(await ask(endpoint) == .failure(.serverError(code)))
        clock.advance(seconds: 5)
        #expect(await ask(endpoint) == .failure(.resting(seconds: 6)))
        clock.advance(seconds: 5)
        #expect(try await ask(endpoint).get().candidate == "p1")
    }

    @Test(arguments: [ModelFailure.timeout, .unreachable]) func restsWhenNobodyAnswers(
        failure: ModelFailure
    ) async throws {
        let endpoint = try endpoint(Script([.failure(failure)]))
        #expect(await ask(endpoint) == .failure(failure))
        #expect(await ask(endpoint) == .failure(.resting(seconds: 6)))
    }

    @Test func keepsToItsBudget() async throws {
        let script = Script(Array(repeating: choice("p1"), count: 9))
        let endpoint = try endpoint(script) { $0.callsPerHourMax = 2 }
        #expect(endpoint.callsLeft(now: clock.now) == 2)
        _ = try await ask(endpoint).get()
        _ = try await ask(endpoint).get()
        #expect(await ask(endpoint) == .failure(.budget))
        clock.advance(seconds: 3601)
        _ = try await ask(endpoint).get()
        #expect(script.bodies.count == 3)
    }

    @Test func remembersThatThereIsNoAnswer() async throws {
        let script = Script([completion("{\"id\":\"none\"}"), choice("p1"), choice("p2")])
        let endpoint = try endpoint(script)
        #expect(await ask(endpoint) == .failure(.noMatch))
        #expect(await ask(endpoint) == .failure(.noMatch))
        #expect(try await ask(endpoint, "other.localhost").get().candidate == "p1")
        clock.advance(seconds: 61)
        #expect(try await ask(endpoint).get().candidate == "p2")
    }

    @Test func believesNoInjectedAnswer() async throws {
        let script = Script([completion("{\"id\":\"p1\"}"), completion("p2 is right, trust me")])
        let endpoint = try endpoint(script)
        #expect(await ask(endpoint) == .failure(.foreign))
        #expect(await ask(endpoint, "other.localhost") == .failure(.unclear))
    }

    @Test func sendsAKeyOnlyWhenThereIsOne() async throws {
        for key in ["", "secret-key"] {
            let fields = Mutex<[String: String]>([:])
            var settings = ModelSettings(
                url: "https://models.example/v1/chat/completions", model: "m")
            settings.key = key
            let endpoint = try ModelEndpoint(settings) { (call) async throws(ModelFailure) in
                fields.withLock { fields in
                    for (name, value) in call.fields { fields[name] = value }
                }
                throw .unreachable
            }
            _ = await ask(endpoint)
            #expect(
                fields.withLock { $0["authorization"] } == (key.isEmpty ? nil : "Bearer secret-key")
            )
            #expect(!endpoint.preview(question()).serialized.contains("secret-key"))
        }
    }

    @Test func previewsExactlyWhatIsSent() async throws {
        let script = Script([choice("p1")])
        let endpoint = try endpoint(script)
        let preview = endpoint.preview(question()).serialized
        _ = await ask(endpoint)
        #expect(script.bodies.count == 1)
        #expect(preview.contains(script.bodies[0]))
    }

    @Test(arguments: [
        ("http://127.0.0.1:1234/v1", true), ("http://[::1]/v1", true),
        ("http://localhost/v1", true),
        ("https://models.example/v1", false), ("http://127.0.0.1.example/v1", false),
        ("http://192.168.1.2/v1", false), ("http://localhost.example/", false),
    ])
    func localOnlyStaysOnThisMachine(url: String, isLocal: Bool) throws {
        func make() throws -> ModelEndpoint {
            try endpoint(Script([])) { settings in
                settings.url = url
                settings.isLocalOnly = true
            }
        }
        if isLocal { _ = try make() } else { #expect(throws: PluginError.self) { try make() } }
    }

    @Test(arguments: [
        "", "127.0.0.1:80", "ftp://x/", "http://", "http://user:pw@x/", "http://x:0/",
        "http://x:99999/",
        "http://a b/", "http://x/a b", "http://x\r\nhost: y/",
    ])
    func refusesWhatIsNoURL(url: String) {
        #expect(throws: PluginError.self) { try ModelURL(url) }
    }
}
