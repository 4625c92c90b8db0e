// The plugin "rewrite" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct RewriteTests {
        let plugin = try! TestPlugin(named: "rewrite")

        @Test(arguments: [
            ("rewrite /foo", #"{"handler":"rewrite","uri":"/foo"}"#),
            ("rewrite * /c", #"{"handler":"rewrite","uri":"/c"}"#),
            (
                "rewrite /a* /b",
                #"{"routes":[{"handle":[{"handler":"rewrite","uri":"/b"}],"match":[{"path":["/a*"]}]}]}"#
            ),
            ("uri strip_prefix /api", #"{"handler":"rewrite","strip_path_prefix":"/api"}"#),
            (
                "uri replace a b 3",
                #"{"handler":"rewrite","uri_substring":[{"find":"a","limit":3,"replace":"b"}]}"#
            ),
            (
                "uri path_regexp /a+ b",
                #"{"handler":"rewrite","path_regexp":[{"find":"/a+","replace":"b"}]}"#
            ),
            (
                "uri query {\n -x\n a b c\n q r\n s>t\n +u v\n }",
                #"{"handler":"rewrite","query":{"add":[{"key":"u","val":"v"}],"delete":["x"],"rename":[{"key":"s","val":"t"}],"replace":[{"key":"a","replace":"c","search_regexp":"b"}],"set":[{"key":"q","val":"r"}]}}"#
            ),
            ("method PUT", #"{"handler":"rewrite","method":"PUT"}"#),
            ("root /srv", #"{"handler":"vars","root":"/srv"}"#),
            ("root * /srv", #"{"handler":"vars","root":"/srv"}"#),
            ("request_body {\n max_size 1KiB\n }", #"{"handler":"request_body","max_size":1024}"#),
            ("vars x 5", #"{"handler":"vars","x":5}"#),
            (
                "vars {\n y true\n z \"7\"\n w 1.5\n }",
                #"{"handler":"vars","w":1.5,"y":true,"z":"7"}"#
            ),
        ])
        func adaptsAsCaddyDoes(_ text: String, _ json: String) throws {
            #expect(try plugin.adapt(text) == json)
        }

        @Test(arguments: [
            (#"{"strip_path_prefix": "/api"}"#, "/api/v1?q", "/v1?q"),
            (#"{"strip_path_prefix": "/api"}"#, "/api", "/"),
            (#"{"strip_path_prefix": "/api"}"#, "/API/x", "/x"),
            (#"{"strip_path_prefix": "/api"}"#, "/other", "/other"),
            (#"{"strip_path_prefix": "/api"}"#, "/api//evil.example", "/evil.example"),
            (#"{"strip_path_prefix": "//api"}"#, "//api//evil.example", "/evil.example"),
            (#"{"strip_path_prefix": "/a/b"}"#, "/a%2Fb/c", "/c"),
            (#"{"strip_path_prefix": "/a%2Fb"}"#, "/a/b/c", "/a/b/c"),
            (#"{"strip_path_prefix": "/a%2fb"}"#, "/a%2Fb/c%20d", "/c%20d"),
            (#"{"strip_path_prefix": "/a"}"#, "/a/../b/./c/", "/b/c/"),
            (#"{"strip_path_suffix": ".html"}"#, "/x/y.html", "/x/y"),
            (#"{"strip_path_suffix": "l"}"#, "/x%6C", "/x"),
            (#"{"uri": "/new"}"#, "/old?a=b", "/new?a=b"),
            (#"{"uri": "new"}"#, "/old", "/new"),
            (#"{"uri": "?"}"#, "/old?a=b", "/old"),
            (#"{"uri": "?c={v}"}"#, "/old?a=b", "/old?c=a+%26b"),
            (#"{"uri": "?{http.request.uri.query}&c=d"}"#, "/old?a=b", "/old?a=b&c=d"),
            (#"{"uri": "?{http.request.uri.query}&c=d"}"#, "/old", "/old?c=d"),
            (#"{"uri": "{http.request.uri.path}/x"}"#, "/a%3Fb", "/a%3Fb/x"),
            (#"{"uri": "/{v}"}"#, "/old", "/a%20&b"),
            (#"{"uri": "//evil.example/x"}"#, "/old", "/evil.example/x"),
            (
                #"{"uri_substring": [{"find": "a", "replace": "bb", "limit": 1}]}"#, "/aa?aa",
                "/bba?bba"
            ),
            (#"{"path_regexp": [{"find": "/+", "replace": "/"}]}"#, "/a//b", "/a/b"),
            (
                #"{"query": {"set": [{"key": "b", "val": "x y"}]}}"#, "/?b=1&b=2&a=%20",
                "/?a=+&b=x+y"
            ),
            (#"{"query": {"rename": [{"key": "a", "val": "b"}]}}"#, "/?a=1&b=2", "/?b=1"),
            (#"{"query": {"add": [{"key": "a", "val": "2"}]}}"#, "/?a=1", "/?a=1&a=2"),
            (#"{"query": {"delete": ["a"]}}"#, "/?a=1&b=2", "/?b=2"),
            (
                #"{"query": {"replace": [{"key": "*", "search": "1", "replace": "2"}]}}"#,
                "/?a=1&b=1", "/?a=2&b=2"
            ),
            (
                #"{"query": {"replace": [{"key": "a", "search_regexp": "(.)", "replace": "<$1>"}]}}"#,
                "/?a=1", "/?a=%3C1%3E"
            ),
        ])
        func changesTheURI(_ json: String, _ uri: String, _ expected: String) throws {
            let exchange = try plugin.make("http.handlers.rewrite", json).exchange("GET", uri)
            exchange.placeholders["v"] = "a &b"
            #expect(exchange.runRequest() == 0)
            #expect(exchange.uri == expected)
        }

        @Test func changesTheMethod() throws {
            let handler = try plugin.make("http.handlers.rewrite", #"{"method": "put"}"#)
            let exchange = handler.exchange()
            _ = exchange.runRequest()
            #expect(exchange.method == "PUT")
        }

        @Test func setsVariables() throws {
            let handler = try plugin.make(
                "http.handlers.vars", #"{"handler": "vars", "a": "x{v}", "n": 5, "b{v}": true}"#)
            let exchange = handler.exchange()
            exchange.placeholders["v"] = "1"
            _ = exchange.runRequest()
            #expect(exchange.placeholders["http.vars.a"] == "x1")
            #expect(exchange.placeholders["http.vars.n"] == "5")
            #expect(exchange.placeholders["http.vars.b1"] == "true")
        }

        @Test(arguments: [(10, true, 0), (11, false, 413)])
        func refusesALongBodyByItsLength(
            _ length: UInt64, _ passes: Bool, _ status: UInt32
        ) throws {
            let exchange = try plugin.make("http.handlers.request_body", #"{"max_size": 10}"#)
                .exchange("POST")
            exchange.bodyLength = length
            #expect((exchange.runRequest() == 1) == passes)
            #expect(exchange.problemStatus == status)
        }

        @Test func countsABodyOfUnknownLength() throws {
            let exchange = try plugin.make("http.handlers.request_body", #"{"max_size": 10}"#)
                .exchange("POST")
            exchange.bodyLength = .max
            #expect(exchange.runRequest() == 0)
            #expect(exchange.runBody("123456") == 0)
            #expect(exchange.runBody("7890") == 0)
            #expect(exchange.runBody("x") < 0)
            #expect(exchange.problemStatus == 413)
        }
    }
}
