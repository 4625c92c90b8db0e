// Every matcher against tables of requests, the nasty spellings among them.
import Base
import CGateway
import Testing

@testable import Routing

/// Whether a route with this match array would run.
func matches(_ sets: String, _ exchange: TestExchange, names: NameRegistry = .testing()) throws
    -> Bool
{
    let compiler = RouteCompiler(names: names) { _, _ in 7 }
    let routes = json(#"[{"match": \#(sets), "handle": [{"handler": "x"}]}]"#)
    let program = try compiler.compileServer(routes: routes)
    // Captures refer to the program's expressions, as they do to a generation's.
    exchange.programs.append(program)
    exchange.context.start(program)
    return exchange.context.nextStep() == .handler(7)
}

@Suite struct PathMatcherTests {
    @Test(arguments: [
        ("/foo", "/foo", true), ("/foo", "/FOO", true), ("/Foo", "/foo", true),
        ("/foo", "/foo/", false), ("/foo", "/foobar", false), ("/foo/", "/foo/", true),
        ("/foo*", "/foobar", true), ("/foo*", "/foo/bar", true), ("/foo/*", "/foo", false),
        ("/foo/*", "/foo/", true), ("*.php", "/a/b.PHP", true), ("*.php", "/b.php/", false),
        ("*/admin/*", "/x/Admin/y", true), ("*/admin/*", "/x/y", false), ("*", "/anything", true),
        ("/a/*/c", "/a/b/c", true), ("/a/*/c", "/a/b/b/c", false), ("/a/*/c", "/a//c", false),
        ("/a/*/c*", "/a/b/cd", true), ("/a/?", "/a/b", true), ("/a/?", "/a//", false),
        ("/a/[b-d]", "/a/c", true), ("/a/[^b-d]", "/a/c", false), ("/a/[^b-d]", "/a/x", true),
        // Spellings of /admin that must not slip past a guard.
        ("/admin*", "//admin", true), ("/admin*", "/./admin", true),
        ("/admin*", "/x/../admin", true), ("/admin*", "/x/%2e%2e/admin", true),
        ("/admin*", "/x/.%2E/admin", true), ("/admin*", "/%61dmin", true),
        ("/admin*", "/%41DMIN", true), ("/admin*", "/%2fadmin", true),
        ("/admin*", "/x/..%2fadmin", true), ("/admin", "/admin/.", true),
        ("/admin", "/admin/x/..", true), ("/admin*", "/../../admin", true),
        ("/admin*", "/%2e/admin", true), ("/admin/*", "/admin//x", true),
        ("/public/*", "/public/../admin", false), ("/public/*", "/public/%2e%2e/admin", false),
        ("/public/*", "/public/..%2fadmin", false), ("/a*", "/%zz", false), ("/a*", "/a%2", false),
        // Doubled slashes in a pattern are meant.
        ("//foo", "//foo", true), ("//foo", "/foo", false), ("/foo//bar", "/foo//bar", true),
        ("/foo//*", "/foo/bar", false), ("/foo/bar", "/foo//bar", true),
        // Escapes in a pattern compare in escaped space.
        ("/foo%2fbar", "/foo%2Fbar", true), ("/foo%2fbar", "/foo/bar", false),
        ("/foo/bar", "/foo%2fbar", true), ("/FOO%2Fbar", "/foo%2fBAR", true),
        ("/bands/%*", "/bands/AC%2fDC", true), ("/bands/*", "/bands/AC%2fDC/x", true),
        ("/bands/%*/", "/bands/AC%2fDC/", true), ("/bands/%*", "/bands/a/b", false),
        ("/bands/*/%*", "/bands/a%2fb/c", false), ("/x%20y", "/x%20y", true),
        ("/x y", "/x%20y", true), ("/100%25", "/100%25", true), ("/%*x*y", "/ax%2faxby", true),
        ("/a%2fb/c", "/z/../a%2fb/c", true), ("/a%2fb/c", "/z/%2e%2e/a%2Fb/c", true),
        ("/[/]x", "//x", false),
    ])
    func readsPathsOnce(pattern: String, path: String, expected: Bool) throws {
        #expect(
            try matches(#"[{"path": ["\#(pattern)"]}]"#, TestExchange("GET", path)) == expected)
    }

    @Test(arguments: ["/a%", "/a%2", "/a%zz", "/a[", "/a[]", "/{http.request.host}"])
    func refusesPatterns(pattern: String) {
        #expect(throws: RoutingError.self) {
            try matches(#"[{"path": ["\#(pattern)"]}]"#, TestExchange())
        }
    }

    @Test func followsRewrites() throws {
        let exchange = TestExchange("GET", "/old")
        #expect(try matches(#"[{"path": ["/old"]}]"#, exchange))
        exchange.rewrite("/new?x=1")
        #expect(try matches(#"[{"path": ["/new"]}]"#, exchange))
        #expect(try !matches(#"[{"path": ["/old"]}]"#, exchange))
    }

    @Test(
        arguments: [
            ("/a/b", nil), ("/a/../b", nil), ("/a%2fb", nil), ("/a/..%2fb", .ambiguousDots),
            ("/a%2f..", .ambiguousDots), ("/a%5c..%5cb", .ambiguousDots),
            ("/a%2f./b", .ambiguousDots),
            ("/%2e%2e%2fb", .ambiguousDots), ("/a%00", .nul), ("/a%0", .brokenEscape),
            ("/%", .brokenEscape), ("/a%2f...", nil), ("/a\\..\\b", .ambiguousDots),
        ] as [(String, PathDefect?)])
    func findsAmbiguousSpellings(path: String, expected: PathDefect?) {
        #expect(withBytes(path) { pathDefect($0) } == expected)
    }
}

@Suite struct HostMatcherTests {
    @Test(arguments: [
        ("example.com", "example.com", true), ("example.com", "EXAMPLE.com:8080", true),
        ("Example.COM", "example.com", true), ("example.com", "example.com.", true),
        ("example.com", "www.example.com", false), ("*.example.com", "a.example.com", true),
        ("*.example.com", "A.Example.Com:443", true), ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false), ("*", "localhost", true),
        ("*", "a.b", false), ("a.*.c", "a.b.c", true), ("a.*.c", "a.b.b.c", false),
        ("::1", "[::1]:80", true), ("[::1]", "[::1]", true), ("127.0.0.1", "127.0.0.1:80", true),
        ("bücher.example", "xn--bcher-kva.example", true),
        ("München.de", "xn--mnchen-3ya.de", true),
        ("{env.HOST}", "here.example", true), ("*.*.c", "a.b.c", true), ("example.com", "", false),
    ])
    func comparesNames(pattern: String, host: String, expected: Bool) throws {
        let names = NameRegistry.testing(environment: ["HOST": "here.example"])
        let exchange = TestExchange(host: host)
        #expect(try matches(#"[{"host": ["\#(pattern)"]}]"#, exchange, names: names) == expected)
    }

    @Test func findsOneOfMany() throws {
        let list = (0..<500).map { #""h\#($0).example""# }.joined(separator: ",")
        #expect(try matches("[{\"host\": [\(list)]}]", TestExchange(host: "H499.EXAMPLE:1")))
        #expect(try !matches("[{\"host\": [\(list)]}]", TestExchange(host: "h500.example")))
    }

    @Test(arguments: [
        #"["a.b", "A.B"]"#, #"["a.b", "a.b."]"#, #"["*.a", "*.A"]"#, #"[""]"#,
        #"["{http.request.header.X}"]"#,
    ])
    func refusesLists(hosts: String) {
        #expect(throws: RoutingError.self) {
            try matches("[{\"host\": \(hosts)}]", TestExchange())
        }
    }
}

@Suite struct FieldMatcherTests {
    @Test(arguments: [
        (#"{"X-A": ["1"]}"#, true), (#"{"x-a": ["2"]}"#, true), (#"{"X-A": ["3"]}"#, false),
        (#"{"X-A": ["3", "2"]}"#, true), (#"{"X-A": []}"#, true), (#"{"X-B": []}"#, false),
        (#"{"X-B": null}"#, true), (#"{"X-A": null}"#, false), (#"{"X-Long": ["*ell*"]}"#, true),
        (#"{"X-Long": ["hel*"]}"#, true), (#"{"X-Long": ["*llo"]}"#, true),
        (#"{"X-Long": ["*xyz"]}"#, false), (#"{"X-Long": ["*"]}"#, true),
        (#"{"X-A": ["1"], "X-Long": ["x"]}"#, false), (#"{"X-Empty": [""]}"#, true),
        (#"{"X-Empty": []}"#, true), (#"{"Host": ["example.com"]}"#, true),
        (#"{"Host": null}"#, false), (#"{"Host": ["*.com"]}"#, true),
        (#"{"X-Interned": ["i"]}"#, true),
        (#"{"X-Late": ["l"]}"#, true), (#"{"X-Star": ["{http.request.header.X-Pattern}"]}"#, false),
        (#"{"X-Pattern": ["{http.request.header.X-Pattern}"]}"#, true),
        (#"{"Authorization": ["Bearer k"]}"#, true), (#"{"Authorization": ["Bearer K"]}"#, false),
        (#"{"Authorization": ["Bearer *"]}"#, true),
        (#"{"Authorization": ["{http.vars.unset}"]}"#, false),
    ])
    func comparesFields(fields: String, expected: Bool) throws {
        let exchange = TestExchange(fields: [
            ("X-A", "1"), ("x-a", "2"), ("X-Long", "hello"), ("X-Empty", ""), ("x-interned", "i"),
            ("X-Late", "l"), ("X-Star", "anything"), ("X-Pattern", "*"),
            ("authorization", "Bearer k"),
        ])
        #expect(try matches("[{\"header\": \(fields)}]", exchange) == expected)
    }

    @Test(arguments: [
        #"{"Authorization": [""]}"#, #"{"X-Api-Key": ["{env.UNSET}"]}"#,
        #"{"Authorization": ["Bearer {env.UNSET}"]}"#, #"{"authorization": ["{env.UNSET}*"]}"#,
    ])
    func refusesEmptyCredential(fields: String) {
        #expect(throws: RoutingError.self) {
            try matches("[{\"header\": \(fields)}]", TestExchange())
        }
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("ab", "a", false), ("a", "ab", false), ("", "", true),
        ("", "a", false),
    ])
    func comparesSecretsWhole(value: String, expected: String, isEqual: Bool) {
        let found = withBytes(value) { value in
            withBytes(expected) { value.isEqualInConstantTime($0) }
        }
        #expect(found == isEqual)
    }

    @Test(arguments: [
        (#"{"a": ["1"]}"#, "/?a=1", true), (#"{"a": ["1"]}"#, "/?a=2", false),
        (#"{"a": ["1"]}"#, "/?a=2&a=1", true), (#"{"a": ["*"]}"#, "/?a", true),
        (#"{"a": ["*"]}"#, "/?b=1", false), (#"{"a": [""]}"#, "/?a=", true),
        (#"{"a": [""]}"#, "/?a=x", false), (#"{"a": ["1"], "b": ["2"]}"#, "/?b=2&a=1", true),
        (#"{"a": ["1"], "b": ["2"]}"#, "/?a=1", false), (#"{"a": ["1"]}"#, "/?a=1;b=2", false),
        (#"{"a": ["1"]}"#, "/?a=1&b=%zz", false), (#"{"a": ["x y"]}"#, "/?a=x+y", true),
        (#"{"a": ["x y"]}"#, "/?%61=x%20y", true), ("{}", "/", true), ("{}", "/?", true),
        ("{}", "/?a", false), (#"{"{http.request.host}": ["1"]}"#, "/?example.com=1", true),
        (#"{"a": []}"#, "/?a=1", false),
    ])
    func comparesQueries(keys: String, uri: String, expected: Bool) throws {
        #expect(try matches("[{\"query\": \(keys)}]", TestExchange("GET", uri)) == expected)
    }
}

@Suite struct ConnectionMatcherTests {
    @Test(
        arguments: [
            ("http", 11, false, true), ("http", 11, true, false), ("https", 20, true, true),
            ("http/1.1", 11, false, true), ("http/1.1", 10, false, false),
            ("http/1.0", 10, false, true),
            ("http/1.1+", 20, false, true), ("http/2+", 11, false, false),
            ("http/2", 20, false, true),
            ("http/3", 30, true, true), ("grpc", 20, true, false),
        ] as [(String, UInt8, Bool, Bool)])
    func comparesProtocols(text: String, version: UInt8, tls: Bool, expected: Bool) throws {
        let exchange = TestExchange(version: version, tls: tls)
        #expect(try matches(#"[{"protocol": "\#(text)"}]"#, exchange) == expected)
    }

    @Test func knowsGRPC() throws {
        let exchange = TestExchange(fields: [("Content-Type", "application/grpc+proto")])
        #expect(try matches(#"[{"protocol": "grpc"}]"#, exchange))
    }

    @Test(arguments: ["http/4", "HTTP", "", "http/1", "grpc+"])
    func refusesProtocols(text: String) {
        #expect(throws: RoutingError.self) {
            try matches(#"[{"protocol": "\#(text)"}]"#, TestExchange())
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.1", false), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "8.8.8.8", false), ("::/0", "2001:db8::1", true),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("::ffff:10.0.0.0/104", "10.9.9.9", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("fe80::/10", "fe80::1%eth0", true),
        ("fe80::1%eth0", "fe80::1%eth0", true), ("fe80::1%eth0", "fe80::1%eth1", false),
        ("::1", "0:0:0:0:0:0:0:1", true), ("1::8", "1:0:0:0:0:0:0:8", true),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true), ("::1.2.3.4", "::102:304", true),
        ("192.0.2.1", "not an address", false), ("192.0.2.1", "192.0.2.01", false),
        ("192.0.2.1", "", false), ("::1", "::1::", false), ("::1", ":::1", false),
        ("::1/128", "::1", true), ("128.0.0.0/1", "129.0.0.1", true),
    ])
    func comparesAddresses(range: String, address: String, expected: Bool) throws {
        let remote = TestExchange(remote: address, client: "203.0.113.9")
        #expect(try matches(#"[{"remote_ip": {"ranges": ["\#(range)"]}}]"#, remote) == expected)
        let client = TestExchange(remote: "203.0.113.9", client: address)
        #expect(try matches(#"[{"client_ip": {"ranges": ["\#(range)"]}}]"#, client) == expected)
    }

    @Test(arguments: ["10.0.0.0/33", "::/129", "10.0.0", "a", "", "10.0.0.0/-1", "1:2", "1/2/3"])
    func refusesRanges(range: String) {
        #expect(throws: RoutingError.self) { try AddressMatcher([range]) }
    }

    @Test func comparesMethodsExactly() throws {
        #expect(try matches(#"[{"method": ["PUT", "GET"]}]"#, TestExchange("GET")))
        #expect(try !matches(#"[{"method": ["GET"]}]"#, TestExchange("get")))
    }
}

@Suite struct CombinedMatcherTests {
    @Test(arguments: [
        ("[]", true), ("[{}]", true), (#"[{"method": ["GET"], "path": ["/a"]}]"#, true),
        (#"[{"method": ["GET"], "path": ["/b"]}]"#, false),
        (#"[{"path": ["/b"]}, {"path": ["/a"]}]"#, true),
        (#"[{"not": [{"path": ["/a"]}]}]"#, false), (#"[{"not": [{"path": ["/b"]}]}]"#, true),
        (#"[{"not": [{"path": ["/b"]}, {"method": ["GET"]}]}]"#, false),
        (#"[{"not": [{"path": ["/a"], "method": ["PUT"]}]}]"#, true),
        (#"[{"not": [{"not": [{"path": ["/a"]}]}]}]"#, true),
        (#"[{"not": []}]"#, true), (#"[{"not": [{}]}]"#, false),
        (#"[{"method": ["GET"], "not": [{"path": ["/b"]}]}]"#, true),
    ])
    func combinesSets(sets: String, expected: Bool) throws {
        #expect(try matches(sets, TestExchange("GET", "/a")) == expected)
    }

    @Test(arguments: [
        (#"[{"pth": ["/"]}]"#, #"unknown matcher "pth""#),
        (#"[{"path": "/"}]"#, "expected an array"),
        (#"[{"remote_ip": {"range": []}}]"#, #"unknown field "range""#),
        (#"[{"path_regexp": {"pattern": "!"}}]"#, "no such thing"),
    ])
    func namesWhatIsWrong(sets: String, message: String) {
        let error = #expect(throws: RoutingError.self) { try matches(sets, TestExchange()) }
        #expect(error?.message.contains(message) == true)
        #expect(error?.location.hasPrefix("routes[0].match[0]") == true)
    }

    @Test func comparesVariables() throws {
        let names = NameRegistry.testing()
        let slot = names.variable("tier")
        let exchange = TestExchange(
            fields: [("X-Evil", "{http.vars.tier}")], names: names)
        #expect(withBytes("gold") { exchange.context.set(slot: slot, to: $0) })
        #expect(try matches(#"[{"vars": {"tier": ["silver", "gold"]}}]"#, exchange, names: names))
        #expect(
            try matches(#"[{"vars": {"{http.request.method}": ["GET"]}}]"#, exchange, names: names))
        #expect(try !matches(#"[{"vars": {"tier": ["silver"]}}]"#, exchange, names: names))
        #expect(try matches(#"[{"vars": {"a": ["b"], "tier": ["gold"]}}]"#, exchange, names: names))
        let evil = #"[{"vars": {"{http.request.header.X-Evil}": ["gold"]}}]"#
        #expect(try !matches(evil, exchange, names: names))
    }

    @Test func keepsCaptures() throws {
        let names = NameRegistry.testing()
        let rest = try Template(
            "{http.regexp.api.1} {http.regexp.rest} {http.regexp.api.9}|",
            names: names)
        let exchange = TestExchange(
            "GET", "/v1//Models", fields: [("X-T", "no"), ("X-T", "t-5")], names: names)
        let sets = #"[{"path_regexp": {"name": "api", "pattern": "/v1/"}}]"#
        #expect(try matches(sets, exchange, names: names))
        exchange.rewrite("/other")
        #expect(text(rest.evaluate(exchange.context)) == "Models Models |")
        let field = #"[{"header_regexp": {"X-T": {"name": "t", "pattern": "t-"}}}]"#
        #expect(try matches(field, exchange, names: names))
        #expect(text(rest.evaluate(exchange.context)) == "Models 5 |")
        #expect(try !matches(#"[{"path_regexp": {"pattern": "/v2"}}]"#, exchange, names: names))
    }

    @Test(arguments: [
        ("{http.error.status_code} in [404, 410]", true),
        ("{http.error.status_code} in [403]", false),
        ("{http.error.status_code} >= 400 && {http.error.status_code} <= 499", true),
        ("{http.error.status_code} >= 500 && {http.error.status_code} <= 599 || 1 == 2", false),
        ("({http.error.status_code} == 410 || {http.error.status_code} == 404)", true),
        ("!({http.error.status_code} == 404)", false), ("{http.request.method} == \"GET\"", true),
        ("{http.request.method} in ['PUT', 'GET']", true), ("{http.request.method} == 5", false),
        ("{http.request.method} != 5", true), ("true", true), ("false || !false", true),
        ("{http.request.header.X-Evil} == 'x'", false), ("{http.error.status_code} < 1000", true),
    ])
    func evaluatesExpressions(text: String, expected: Bool) throws {
        let exchange = TestExchange(fields: [("X-Evil", "' || true || '")])
        exchange.context.error.status = 404
        let sets = JSONValue.array([["expression": .string(text)]]).serialized()
        #expect(try matches(sets, exchange) == expected)
        let object = JSONValue.array([["expression": ["expr": .string(text)]]]).serialized()
        #expect(try matches(object, exchange) == expected)
    }

    @Test(arguments: ["", "1 ==", "path('/x')", "{a} in 1", "(1 == 1", "1 == 1)", "{a", "{a} = 1"])
    func refusesExpressions(text: String) {
        #expect(throws: RoutingError.self) {
            try Expression(text, names: .testing(), at: "")
        }
    }
}

@Suite struct ResponseMatcherTests {
    @Test(arguments: [
        ("{}", true), (#"{"status_code": [200]}"#, true), (#"{"status_code": [2]}"#, true),
        (#"{"status_code": [4, 500]}"#, false), (#"{"headers": {"X-A": ["1*"]}}"#, true),
        (#"{"headers": {"X-B": null}}"#, true), (#"{"headers": {"X-A": null}}"#, false),
        (#"{"status_code": [404], "headers": {"X-A": []}}"#, false),
    ])
    func comparesResponses(text: String, expected: Bool) throws {
        let exchange = TestExchange()
        let response = exchange.respond(200, [("x-a", "12")])
        let matcher = try ResponseMatcher(json(text), names: .testing())
        let found = matcher.matches(
            status: 200, fields: response.pointee.fields, exchange.context)
        #expect(found == expected)
    }

    @Test(arguments: [#"{"status_code": [6]}"#, #"{"status": [2]}"#, #"{"status_code": ["2xx"]}"#])
    func refusesUnknownForms(text: String) {
        #expect(throws: RoutingError.self) {
            try ResponseMatcher(json(text), names: .testing())
        }
    }
}
