// The expansion of forward_auth into reverse_proxy.
import Foundation
import TestHost
import Testing

extension PluginTests {
    @Suite struct ForwardAuthTests {
        let plugin = try! TestPlugin(named: "auth")

        private func adapt(_ text: String) throws -> [String: Any] {
            let json = try JSONSerialization.jsonObject(with: Data(try plugin.adapt(text).utf8))
            return try #require(json as? [String: Any])
        }

        private func routes(_ json: [String: Any]) throws -> [[String: Any]] {
            let responses = try #require(json["handle_response"] as? [[String: Any]])
            #expect(responses[0]["match"] as? [String: [Int]] == ["status_code": [2]])
            return try #require(responses[0]["routes"] as? [[String: Any]])
        }

        @Test func asksByGetAndSaysWhereTheClientWent() throws {
            let json = try adapt("forward_auth auth:80 {\n uri /check\n }")
            #expect(json["rewrite"] as? [String: String] == ["method": "GET", "uri": "/check"])
            let headers = json["headers"] as? [String: [String: [String: [String]]]]
            #expect(
                headers?["request"]?["set"] == [
                    "X-Forwarded-Method": ["{http.request.method}"],
                    "X-Forwarded-Uri": ["{http.request.uri}"],
                ])
        }

        @Test func leavesTheOtherOptionsToReverseProxy() throws {
            let json = try adapt(
                """
                forward_auth a:1 b:2 {
                 header_up A b
                 uri /check
                 transport http {
                 tls
                 }
                 copy_headers X
                 }
                """)
            #expect(
                json["tokens"] as? [String] == [
                    "a:1", "b:2", "{", "header_up", "A", "b", "transport", "http", "{", "tls", "}",
                    "}",
                ])
            let plain = try adapt("forward_auth a:1 {\n uri /check\n }")
            #expect(plain["tokens"] as? [String] == ["a:1"])
        }

        @Test func removesTheClientsFieldBeforeItSetsIt() throws {
            let routes = try routes(
                try adapt(
                    "forward_auth a:1 {\n uri /\n copy_headers x-user>remote-user X-Email {\n b\n }\n }"
                ))
            let requests = routes.dropFirst().map { route in
                (route["handle"] as? [[String: Any]])?.first?["request"] as? [String: Any]
            }
            #expect(requests.count == 6)
            #expect(requests[0]?["delete"] as? [String] == ["B"])
            #expect(requests[2]?["delete"] as? [String] == ["X-Email"])
            #expect(requests[4]?["delete"] as? [String] == ["Remote-User"])
            #expect(
                requests[5]?["set"] as? [String: [String]]
                    == ["Remote-User": ["{http.reverse_proxy.header.X-User}"]])
        }

        @Test(arguments: [
            ("forward_auth a:1", "forward_auth has no uri, expected the path to ask at", 0),
            ("forward_auth a:1 {\n uri /\n uri /\n }", "uri is given twice", 5),
            ("forward_auth a:1 {\n uri \"\"\n }", "uri is empty", 4),
            ("forward_auth a:1 {\n uri /\n copy_headers\n }", "copy_headers names no field", 5),
            (
                "forward_auth a:1 {\n uri /\n copy_headers A>B>C\n }",
                #""A>B>C" is no field name, expected Name or Name>New-Name"#, 6
            ),
            (
                "forward_auth a:1 {\n uri /\n copy_headers A>\n }",
                #""A>" is no field name, expected Name or Name>New-Name"#, 6
            ),
            (
                "forward_auth a:1 {\n uri /\n copy_headers A B>A\n }",
                "two fields are copied to A", 7
            ),
        ])
        func pointsAtWhatIsWrong(_ text: String, _ message: String, _ token: Int) {
            let problem = #expect(throws: TestProblem.self) { try plugin.adapt(text) }
            #expect(problem?.message == message)
            #expect(problem?.token == token)
        }
    }
}
