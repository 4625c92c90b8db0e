// The plugin "demo_model" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct DemoModelTests {
        let plugin = try! TestPlugin(named: "demo_model")

        private func exchange(_ method: String, _ uri: String) throws -> TestExchange {
            try plugin.make("http.handlers.demo_model", #"{"model": "m"}"#).exchange(method, uri)
        }

        @Test func listsItsModel() throws {
            let exchange = try exchange("GET", "/v1/models")
            #expect(exchange.runRequest() == 6)
            #expect(exchange.status == 200)
            #expect(exchange.body.contains(#""id":"m""#))
        }

        @Test func answersAWholeCompletion() throws {
            let exchange = try exchange("POST", "/v1/chat/completions")
            #expect(exchange.runRequest() == 3)
            #expect(exchange.runBody(#"{"messages":[{"role":"user","content":"a b"}]}"#) == 6)
            #expect(exchange.responseFields == ["content-type: application/json"])
            #expect(exchange.body.contains("You said: a b"))
            #expect(exchange.body.contains(#""prompt_tokens":2"#))
        }

        @Test func streamsAWordPerTimerAndEndsWithDone() throws {
            let exchange = try exchange("POST", "/v1/chat/completions")
            _ = exchange.runRequest()
            let body = #"{"stream":true,"messages":[{"role":"user","content":"hi"}]}"#
            #expect(exchange.runBody(body) == 6)
            #expect(exchange.body == "")
            var pieces = 0
            while TestHost.hasTimers {
                TestHost.fireTimers()
                pieces += 1
            }
            #expect(pieces == 12)
            #expect(exchange.isEnded)
            #expect(exchange.body.hasSuffix("data: [DONE]\n\n"))
            exchange.runComplete()
        }

        @Test func stopsStreamingWhenTheClientLeaves() throws {
            let exchange = try exchange("POST", "/v1/chat/completions")
            _ = exchange.runRequest()
            _ = exchange.runBody(#"{"stream":true,"messages":[{"role":"user","content":"hi"}]}"#)
            TestHost.fireTimers()
            exchange.runCancel()
            exchange.runComplete()
            #expect(!TestHost.hasTimers)
        }

        @Test(arguments: [
            ("{", 400, "invalid_json"), ("[]", 400, "invalid_json"),
            (#"{"messages":[]}"#, 400, "missing_messages"),
        ])
        func refusesABadBodyInTheShapeOfTheAPI(_ body: String, _ status: Int, _ code: String) throws
        {
            let exchange = try exchange("POST", "/v1/chat/completions")
            _ = exchange.runRequest()
            _ = exchange.runBody(body)
            #expect(Int(exchange.status) == status)
            #expect(exchange.body.contains("\"code\":\"\(code)\""))
        }
    }
}
