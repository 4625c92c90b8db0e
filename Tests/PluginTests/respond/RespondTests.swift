// The plugin "respond" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct RespondTests {
        let plugin = try! TestPlugin(named: "respond")

        @Test(arguments: [
            ("respond 204", #"{"handler":"static_response","status_code":204}"#),
            ("respond hello", #"{"body":"hello","handler":"static_response"}"#),
            (
                "respond \"{x} y\" {code}",
                #"{"body":"{x} y","handler":"static_response","status_code":"{code}"}"#
            ),
            (
                "respond 200 {\n body x\n close\n }",
                #"{"body":"x","close":true,"handler":"static_response","status_code":200}"#
            ),
            ("error gone 410", #"{"error":"gone","handler":"error","status_code":410}"#),
            ("abort", #"{"abort":true,"handler":"static_response"}"#),
            (
                "redir /new permanent",
                #"{"handler":"static_response","headers":{"Location":["/new"]},"status_code":301}"#
            ),
        ])
        func adaptsAsCaddyDoes(_ text: String, _ json: String) throws {
            #expect(try plugin.adapt(text) == json)
        }

        @Test func suggestsTheOptionThatWasMeant() {
            let problem = #expect(throws: TestProblem.self) {
                try plugin.adapt("respond 200 {\n bodi x\n }")
            }
            #expect(problem?.message == #"unknown option "bodi" in respond"#)
            #expect(problem?.hint == #"did you mean "body"?"#)
        }

        @Test func refusesAStatusThatIsNoRedirect() {
            let problem = #expect(throws: TestProblem.self) { try plugin.adapt("redir /a 200") }
            #expect(problem?.message == #"redir has the status "200", expected 300 to 399 or 401"#)
        }

        @Test(arguments: [
            (#"{\"a\": 1}"#, "application/json"), ("[1, 2]", "application/json"),
            ("{not json}", "text/plain; charset=utf-8"), ("hi", "text/plain; charset=utf-8"),
        ])
        func guessesTheContentType(_ body: String, _ type: String) throws {
            let handler = try plugin.make(
                "http.handlers.static_response", "{\"body\": \"\(body)\"}")
            let exchange = handler.exchange()
            _ = exchange.runRequest()
            #expect(exchange.responseFields == ["content-type: \(type)"])
        }

        @Test func answersWithStatusFieldsAndBody() throws {
            let handler = try plugin.make(
                "http.handlers.static_response",
                #"{"status_code": "{code}", "headers": {"X-A": ["{v}", "2"]}, "body": "b {v}", "close": true}"#
            )
            let exchange = handler.exchange()
            exchange.placeholders = ["code": "418", "v": "one"]
            #expect(exchange.runRequest() == 6)
            #expect(exchange.status == 418)
            #expect(
                exchange.responseFields == [
                    "x-a: one", "x-a: 2", "content-type: text/plain; charset=utf-8",
                    "connection: close",
                ])
            #expect(exchange.body == "b one")
        }

        @Test func failsWhenThePlaceholderIsNoStatus() throws {
            let handler = try plugin.make(
                "http.handlers.static_response", #"{"status_code": "{code}"}"#)
            let exchange = handler.exchange()
            #expect(exchange.runRequest() < 0)
            #expect(exchange.problemStatus == 500)
        }

        @Test func raisesTheConfiguredError() throws {
            let handler = try plugin.make(
                "http.handlers.error", #"{"error": "no {x}", "status_code": 404}"#)
            let exchange = handler.exchange()
            exchange.placeholders["x"] = "luck"
            #expect(exchange.runRequest() < 0)
            #expect(exchange.problemStatus == 404)
            #expect(exchange.problem?.message == "no luck")
        }

        @Test func abortsWithoutAnAnswer() throws {
            let handler = try plugin.make("http.handlers.static_response", #"{"abort": true}"#)
            #expect(handler.exchange().runRequest() == 10)
        }
    }
}
