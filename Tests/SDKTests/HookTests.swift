// Hooks of Swift types behind the C tables: synchronous and async.
import CGateway
import PluginSDK
import TestHost
import Testing

/// Counts in its state, answers on the response.
private struct Counting: RequestHook, ResponseHook, CompletionHook {
    static let id = "test.counting"
    struct State: BitwiseCopyable {
        var count: Int32 = 0
    }

    let step: Int32

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        step = Int32(try configuration.int("step") ?? 1)
        guard step > 0 else { throw PluginError("step is \(step), expected more than 0") }
    }

    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        guard request.path == "/ok" else { throw .denied }
        state.count += step
        return .next
    }

    func onResponse(
        _ request: inout Request, _ state: inout State, _ response: inout Response
    ) throws(Status) -> Verdict {
        try "\(state.count)".withBytes { (text) throws(Status) in
            try response.fields.set(.etag, text)
        }
        return .leave
    }

    func onComplete(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary
    ) {}
}

private struct Echo: AsyncHTTPHandler {
    static let id = "test.echo"
    static let collectsBody = true
    let scope: Scope

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        self.scope = scope
    }

    func handle(_ exchange: AsyncExchange) async throws -> Answer {
        let body = String(decoding: exchange.body, as: UTF8.self)
        if body == "fail" { throw PluginError("no luck") }
        try await scope.sleep(nanoseconds: 1_000_000)
        let path = try exchange.path()
        return .respond(status: 201, contentType: "text/plain", body: "\(path) \(body)")
    }
}

private struct LongPath: MatcherModule {
    static let id = "http.matchers.long_path"
    let countMin: Int64

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        countMin = try configuration.int("min") ?? 10
    }

    func matches(_ request: inout Request) throws(Status) -> Bool {
        if request.path == "/secret" { throw .denied }
        return request.path.byteCount >= countMin
    }
}

private struct PathPlaceholders: PlaceholderModule {
    static let id = "http.placeholders.test"

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {}

    func slot(of name: String) throws(PluginError) -> UInt32? {
        if name == "test.typo" { throw PluginError("no test.typo, expected test.path") }
        return ["test.path": 1, "test.none": 2][name]
    }

    func value(of slot: UInt32, in request: inout Request) throws(Status) -> Bytes? {
        slot == 1 ? try request.copy(request.path) : nil
    }
}

/// Starts refused requests over, once.
private struct Saving: ErrorHook {
    static let id = "test.saving"
    struct State: BitwiseCopyable {
        var isUsed: Bool = false
    }

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {}

    func onError(
        _ request: inout Request, _ state: inout State, _ failure: borrowing RequestFailure
    ) throws(Status) -> Verdict {
        guard failure.phase == .connect, failure.isRetryable, !state.isUsed else { return .next }
        guard failure.httpStatus == 502, failure.message.span == "refused" else { throw .denied }
        state.isUsed = true
        return .reroute
    }
}

@Suite(.serialized) struct HookTests {
    let plugin = try! TestPlugin { boot in
        Plugin.tables(
            boot, name: "test", version: "1", needs: [.loop],
            modules: [
                Counting.self, Echo.self, LongPath.self, PathPlaceholders.self, Saving.self,
            ])
    }

    @Test func keepsStatePerExchange() throws {
        let handler = try plugin.make("test.counting", #"{"step": 2}"#)
        for _ in 0..<2 {
            let exchange = handler.exchange("GET", "/ok")
            #expect(exchange.runRequest() == GW_NEXT)
            #expect(exchange.runRequest() == GW_NEXT)
            #expect(exchange.runResponse(200, fields: []) == GW_LEAVE)
            #expect(exchange.responseFields == ["etag: 4"])
        }
    }

    @Test func asksMatchers() throws {
        let matcher = try plugin.make("http.matchers.long_path", #"{"min": 5}"#)
        #expect(matcher.match(matcher.exchange("GET", "/long")) == 1)
        #expect(matcher.match(matcher.exchange("GET", "/")) == 0)
        #expect(matcher.match(matcher.exchange("GET", "/secret")) == GW_E_DENIED)
    }

    @Test func resolvesPlaceholders() throws {
        let module = try plugin.make("http.placeholders.test", "{}")
        let exchange = module.exchange("GET", "/here")
        #expect(module.resolve("test.path", exchange) == ("/here", GW_OK))
        #expect(module.resolve("test.none", exchange) == (nil, GW_E_NOT_FOUND))
        #expect(module.resolve("other", exchange) == (nil, GW_E_NOT_FOUND))
        #expect(module.resolve("test.typo", exchange) == (nil, GW_E_CONFIG))
    }

    @Test func turnsAThrownStatusIntoAVerdict() throws {
        let handler = try plugin.make("test.counting", "{}")
        #expect(handler.exchange("GET", "/no").runRequest() == GW_E_DENIED)
    }

    @Test func leavesHooksOutThatATypeDoesNotHave() throws {
        let handler = try plugin.make("test.counting", "{}")
        #expect(handler.hookNames == ["request", "response", "complete"])
    }

    @Test func tellsErrorHooksWhatFailed() throws {
        let handler = try plugin.make("test.saving", "{}")
        #expect(handler.hookNames == ["error"])
        let exchange = handler.exchange()
        let refused = (phase: UInt32(GW_PHASE_CONNECT), flags: UInt32(GW_FAILURE_RETRYABLE))
        #expect(exchange.runError(502, "refused", refused) == GW_REROUTE)
        #expect(exchange.runError(502, "refused", refused) == GW_NEXT)
        #expect(handler.exchange().runError(502, "refused", (0, 0)) == GW_NEXT)
        #expect(handler.exchange().runError(504, "silent", refused) == GW_E_DENIED)
    }

    @Test func reportsWhatIsWrongWithTheConfiguration() {
        let problem = #expect(throws: TestProblem.self) {
            try plugin.make("test.counting", #"{"step": 0}"#)
        }
        #expect(problem?.message == "step is 0, expected more than 0")
    }

    @Test func refusesAHostWithoutANeededInterface() {
        let problem = #expect(throws: TestProblem.self) {
            try TestPlugin { boot in
                Plugin.tables(
                    boot, name: "test", version: "1", needs: [.client], modules: [])
            }
        }
        #expect(problem?.message == "this host does not have gw.client/1")
    }

    @Test func answersFromAnAsyncHandlerOnTheLoop() throws {
        let exchange = try plugin.make("test.echo", "{}").exchange("POST", "/p")
        #expect(exchange.runRequest() == GW_COLLECT)
        #expect(exchange.runBody("hi") == GW_WAIT)
        TestHost.runLoop()
        #expect(exchange.resumed == nil)
        TestHost.fireTimers()
        TestHost.runLoop()
        #expect(exchange.resumed == GW_RESPOND)
        #expect(exchange.status == 201)
        #expect(exchange.body == "/p hi")
        exchange.runComplete()
    }

    @Test func failsWhenAnAsyncHandlerThrows() throws {
        let exchange = try plugin.make("test.echo", "{}").exchange("POST", "/p")
        _ = exchange.runRequest()
        _ = exchange.runBody("fail")
        TestHost.runLoop()
        #expect(exchange.resumed == GW_E_INTERNAL)
        #expect(exchange.problemStatus == 500)
        exchange.runComplete()
    }

    @Test func cancelsAnAsyncHandlerWithItsExchange() throws {
        let exchange = try plugin.make("test.echo", "{}").exchange("POST", "/p")
        _ = exchange.runRequest()
        _ = exchange.runBody("hi")
        TestHost.runLoop()
        exchange.runCancel()
        exchange.runComplete()
        TestHost.runLoop()
        #expect(TestHost.hasTimers == false)
        #expect(exchange.body == "")
    }
}
