// The plugin "header" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct HeaderTests {
        let plugin = try! TestPlugin(named: "header")

        @Test(arguments: [
            (
                "header Denis Ritchie",
                #"{"handler":"headers","response":{"set":{"Denis":["Ritchie"]}}}"#
            ),
            ("header +x-b 1", #"{"handler":"headers","response":{"add":{"X-B":["1"]}}}"#),
            (
                "header ?John Neumann",
                #"{"handler":"headers","response":{"require":{"headers":{"John":null}},"set":{"John":["Neumann"]}}}"#
            ),
            (
                "header -Wolfram",
                #"{"handler":"headers","response":{"deferred":true,"delete":["Wolfram"]}}"#
            ),
            (
                "header >Replace Deferred New",
                #"{"handler":"headers","response":{"deferred":true,"replace":{"Replace":[{"replace":"New","search_regexp":"Deferred"}]}}}"#
            ),
            (
                "header {\n Cache-Control: no\n match {\n status 200 3xx\n }\n }",
                #"{"handler":"headers","response":{"require":{"status_code":[200,3]},"set":{"Cache-Control":["no"]}}}"#
            ),
            (
                "header {\n a 1\n ?b 2\n defer\n }",
                #"[{"handler":"headers","response":{"deferred":true,"set":{"A":["1"]}}},{"handler":"headers","response":{"require":{"headers":{"b":null}},"set":{"B":["2"]}}}]"#
            ),
            ("request_header -X", #"{"handler":"headers","request":{"delete":["X"]}}"#),
            ("request_header x: v", #"{"handler":"headers","request":{"set":{"X":["v"]}}}"#),
        ])
        func adaptsAsCaddyDoes(_ text: String, _ json: String) throws {
            #expect(try plugin.adapt(text) == json)
        }

        @Test(arguments: [
            ("request_header ?A b", "? is for fields of the response only", 1),
            ("header a b {\n c d\n }", "fields are given both on the line and in a block", 4),
            ("header a b c d", "header has 4 arguments, expected 1 to 3", 4),
        ])
        func refusesWhatCaddyRefuses(_ text: String, _ message: String, _ token: Int) {
            let problem = #expect(throws: TestProblem.self) { try plugin.adapt(text) }
            #expect(problem?.message == message)
            #expect(problem?.token == token)
        }

        @Test func changesFieldsOfTheResponseInOrder() throws {
            let handler = try plugin.make(
                "http.handlers.headers",
                #"""
                {"handler": "headers", "response": {"set": {"A": ["{v}"]}, "add": {"B": ["2"]},
                 "delete": ["X-*"], "replace": {"C": [{"search_regexp": "o+", "replace": "0"}]}}}
                """#)
            let exchange = handler.exchange()
            exchange.placeholders["v"] = "new"
            _ = exchange.runResponse(
                200, fields: [("A", "1"), ("a", "2"), ("X-One", "1"), ("c", "foo")])
            #expect(exchange.responseFields == ["A: new", "c: f0", "b: 2"])
        }

        @Test func replacesSubstringsOfAllFields() throws {
            let handler = try plugin.make(
                "http.handlers.headers",
                #"{"response": {"replace": {"*": [{"search": "ab", "replace": "xyz"}]}}}"#)
            let exchange = handler.exchange()
            _ = exchange.runResponse(200, fields: [("A", "abcabab"), ("B", "a")])
            #expect(exchange.responseFields == ["A: xyzcxyzxyz", "B: a"])
        }

        @Test(arguments: [("A", "A: own"), ("B", "B: own, a: default")])
        func setsADefaultOnlyWhenTheFieldIsAbsent(_ field: String, _ expected: String) throws {
            let handler = try plugin.make(
                "http.handlers.headers",
                #"{"response": {"set": {"A": ["default"]}, "require": {"headers": {"A": null}}}}"#)
            let exchange = handler.exchange()
            _ = exchange.runResponse(200, fields: [(field, "own")])
            #expect(exchange.responseFields.joined(separator: ", ") == expected)
        }

        @Test func changesFieldsOfTheRequest() throws {
            let handler = try plugin.make(
                "http.handlers.headers",
                #"{"request": {"set": {"X-User": ["u"]}, "delete": ["Cookie"]}}"#)
            let exchange = handler.exchange(
                "GET", "/", fields: [("cookie", "c"), ("x-user", "no")])
            #expect(exchange.runRequest() == 0)
            #expect(exchange.requestFields == ["x-user: u"])
        }

        @Test func namesTheMemberThatItDoesNotKnow() {
            let problem = #expect(throws: TestProblem.self) {
                try plugin.make("http.handlers.headers", #"{"response": {"sett": {}}}"#)
            }
            #expect(problem?.message == #"unknown member "sett" in response"#)
            #expect(problem?.hint == #"did you mean "set"?"#)
        }
    }
}
