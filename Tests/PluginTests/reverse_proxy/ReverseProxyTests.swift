// The plugin "reverse_proxy" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct ReverseProxyTests {
        let plugin = try! TestPlugin(named: "reverse_proxy")

        private func proxy(_ members: String) throws -> TestHandler {
            try plugin.make(
                "http.handlers.reverse_proxy", "{\"handler\":\"reverse_proxy\",\(members)}")
        }

        private static let pair = #""upstreams":[{"dial":"a:80"},{"dial":"b:80"}]"#

        @Test(arguments: [
            ("reverse_proxy a", #""upstreams":[{"dial":"a:80"}]"#),
            ("reverse_proxy ::1", #""upstreams":[{"dial":"[::1]:80"}]"#),
            ("reverse_proxy {x}", #""upstreams":[{"dial":"{x}"}]"#),
            ("reverse_proxy a:1-2", #""upstreams":[{"dial":"a:1"},{"dial":"a:2"}]"#),
            (
                "reverse_proxy https://a",
                #""transport":{"protocol":"http","tls":{}},"upstreams":[{"dial":"a:443"}]"#
            ),
            (
                "reverse_proxy a {\n header_up -X\n header_down +y 1\n }",
                #""headers":{"request":{"delete":["X"]},"response":{"add":{"Y":["1"]}}},"upstreams":[{"dial":"a:80"}]"#
            ),
            (
                "reverse_proxy a {\n response_buffers 1.5KiB\n }",
                #""response_buffers":1536,"upstreams":[{"dial":"a:80"}]"#
            ),
        ])
        func adaptsAsCaddyDoes(_ text: String, _ members: String) throws {
            let json = try plugin.adapt(text)
            let pieces = json.dropFirst().dropLast().replacing(
                #""handler":"reverse_proxy","#, with: "")
            #expect(pieces == members)
        }

        @Test(arguments: [
            ("reverse_proxy http://a https://b", 2), ("reverse_proxy https://a/x", 1),
            ("reverse_proxy http://a:443", 1), ("reverse_proxy a:2-1", 1),
            ("reverse_proxy a:x", 1), ("reverse_proxy a {\n lb_polcy first\n }", 3),
        ])
        func refusesWhatCaddyRefuses(_ text: String, _ token: Int) {
            let problem = #expect(throws: TestProblem.self) { try plugin.adapt(text) }
            #expect(problem?.token == token)
        }

        @Test(arguments: [
            #""transport":{"protocol":"fastcgi"}"#,
            #""transport":{"protocol":"http","versions":["h2c"]}"#,
            #""dynamic_upstreams":{"source":"a"}"#,
            #""load_balancing":{"selection_policy":{"policy":"cookie"}}"#,
        ])
        func refusesWhatItDoesNotDoYet(_ member: String) {
            let problem = #expect(throws: TestProblem.self) { try proxy(member) }
            #expect(problem?.message.hasSuffix("is not supported yet") == true)
        }

        @Test func sendsChangedFieldsToTheUpstream() throws {
            let exchange = try proxy(
                #""upstreams":[{"dial":"a:80"}],"headers":{"request":{"set":{"X":["{v}"]},"delete":["Y"]}}"#
            ).exchange(fields: [("Y", "1"), ("Z", "2")])
            exchange.placeholders["v"] = "new"
            #expect(exchange.runRequest() == 7)
            #expect(TestUpstream.attached == "a:80")
            #expect(TestUpstream.fields.map { $0.lowercased() } == ["z: 2", "x: new"])
            #expect(exchange.requestFields == ["Y: 1", "Z: 2"])
        }

        @Test func takesTurns() throws {
            let proxy = try proxy(
                Self.pair + #","load_balancing":{"selection_policy":{"policy":"round_robin"}}"#)
            let seen = (0..<4).map { _ in
                _ = proxy.exchange().runRequest()
                return TestUpstream.attached
            }
            #expect(seen == ["a:80", "b:80", "a:80", "b:80"])
        }

        @Test func triesOneOtherUpstreamWhenNothingWasSent() throws {
            let exchange = try proxy(
                Self.pair + #","load_balancing":{"selection_policy":{"policy":"first"}}"#
            ).exchange()
            _ = exchange.runRequest()
            #expect(exchange.runUpstreamFailure(-9, phase: 1, isRetryable: true) == 7)
            #expect(TestUpstream.attached == "b:80")
            #expect(exchange.runUpstreamFailure(-9, phase: 1, isRetryable: true) < 0)
            #expect(exchange.problemStatus == 502)
        }

        @Test(arguments: [(Int32(-5), Int32(4), 504), (-5, 1, 502), (-9, 4, 502)])
        func tellsTimeoutsFromFailures(_ code: Int32, _ phase: Int32, _ status: Int) throws {
            let exchange = try proxy(#""upstreams":[{"dial":"a:80"}]"#).exchange()
            _ = exchange.runRequest()
            #expect(exchange.runUpstreamFailure(code, phase: phase, isRetryable: false) < 0)
            #expect(exchange.problemStatus == status)
        }

        @Test func leavesAnUpstreamAloneThatFailed() throws {
            let proxy = try proxy(
                #""upstreams":[{"dial":"passive:1"}],"health_checks":{"passive":{"fail_duration":"10s"}}"#
            )
            let first = proxy.exchange()
            _ = first.runRequest()
            _ = first.runUpstreamFailure(-9, phase: 4, isRetryable: false)
            let second = proxy.exchange()
            #expect(second.runRequest() < 0)
            #expect(second.problemStatus == 503)
        }

        @Test func dialsWhatThePlaceholderGives() throws {
            let proxy = try proxy(#""upstreams":[{"dial":"{http.vars.upstream}"}]"#)
            let exchange = proxy.exchange()
            #expect(exchange.runRequest() < 0)
            #expect(exchange.problemStatus == 502)
            let other = proxy.exchange()
            other.placeholders["http.vars.upstream"] = "model"
            #expect(other.runRequest() == 7)
            #expect(TestUpstream.attached == "model:80")
        }
    }
}
