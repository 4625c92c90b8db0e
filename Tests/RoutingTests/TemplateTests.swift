// Templates against a table of placeholders, and what a request can smuggle into them.
import Base
import CGateway
import Testing

@testable import Routing

@Suite struct TemplateTests {
    private func evaluate(
        _ template: String, flags: UInt32 = 0, _ exchange: TestExchange,
        names: NameRegistry = .testing()
    ) throws -> String? {
        let template = try Template(template, flags: flags, names: names)
        return text(template.evaluate(exchange.context))
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("{http.request.method}", "PUT"),
        ("{http.request.scheme}", "https"), ("{http.request.proto}", "HTTP/2.0"),
        ("{http.request.host}", "www.Example.com"),
        ("{http.request.hostport}", "www.Example.com:81"),
        ("{http.request.port}", "81"), ("{http.request.uri}", "/a%20b/c.tar.gz?x=1&y=a%20b&x=2"),
        ("{http.request.uri.path}", "/a b/c.tar.gz"), ("{http.request.uri.path.dir}", "/a b/"),
        ("{http.request.uri.path.file}", "c.tar.gz"),
        ("{http.request.uri.path.file.base}", "c.tar"),
        ("{http.request.uri.path.file.ext}", ".gz"),
        ("{http.request.uri.query}", "x=1&y=a%20b&x=2"),
        ("{http.request.uri.prefixed_query}", "?x=1&y=a%20b&x=2"),
        ("{http.request.uri.query.x}", "1,2"), ("{http.request.uri.query.y}", "a b"),
        ("{http.request.uri.query.z}", ""),
        ("{http.request.uri.path_escaped}", "%2Fa+b%2Fc.tar.gz"),
        ("{http.request.uri.path.0}", "a b"), ("{http.request.uri.path.1}", "c.tar.gz"),
        ("{http.request.uri.path.2}", ""), ("{http.request.host.labels.0}", "com"),
        ("{http.request.host.labels.2}", "www"), ("{http.request.host.labels.3}", ""),
        ("{http.request.header.X-A}", "1,2"), ("{http.request.header.x-none}", ""),
        ("{http.request.header.User-Agent}", "curl"), ("{http.request.cookie.b}", "two"),
        ("{http.request.cookie.c}", "quoted"), ("{http.request.cookie.d}", ""),
        ("{http.request.remote}", "[2001:db8::1]:40000"),
        ("{http.request.remote.host}", "2001:db8::1"),
        ("{http.request.remote.port}", "40000"),
        ("{http.request.remote.host/24,32}", "2001:db8::/32"),
        ("{http.vars.client_ip}", "192.0.2.9"), ("{http.request.local.port}", "8080"),
        ("{http.error.status_code}", ""), ("{http.request.tls.version}", "tls1.3"),
        ("{http.request.tls.resumed}", "false"), ("{http.request.duration_ms}", "1500.25"),
        ("{http.request.duration}", "1.50025s"), ("{http.reverse_proxy.upstream.latency}", "2.5ms"),
        ("{http.reverse_proxy.upstream.duration}", "1h1m1s"), ("{time.now.year}", "2024"),
        ("{time.now.http}", "Thu, 29 Feb 2024 12:30:05 GMT"),
        ("{time.now.common_log}", "29/Feb/2024:12:30:05 +0000"), ("{time.now.unix}", "1709209805"),
        ("{time.now.unix_ms}", "1709209805250"), ("{env.NAME}", "val{ue}"), ("{env.NONE}", ""),
        ("{file./key}", "secret"), ("{system.hostname}", "gate"), ("{system.slash}", "/"),
        ("a{http.request.method}b{http.request.port}c", "aPUTb81c"), (#"\{x\}"#, "{x}"),
        (#"\{{http.request.method}\}"#, "{PUT}"), (#"C:\dir"#, #"C:\dir"#), ("}", "}"),
        ("{unknown.thing}", ""), ("a{}b", "ab"), ("{http.reverse_proxy.header.X-Up}", ""),
        ("{http.response.header.X-R}", "r"), ("{http.response.status_code}", "201"),
    ])
    func fillsIn(template: String, expected: String) throws {
        let names = NameRegistry.testing(
            environment: ["NAME": "val{ue}"], files: ["/key": "secret\n"])
        let exchange = TestExchange(
            "PUT", "/a%20b/c.tar.gz?x=1&y=a%20b&x=2", host: "www.Example.com:81",
            fields: [
                ("X-A", "1"), ("x-a", "2"), ("User-Agent", "curl"), ("Cookie", "a=1; b=two"),
                ("Cookie", "c=\"quoted\""),
            ], remote: "2001:db8::1", client: "192.0.2.9", version: 20, tls: true, names: names)
        _ = exchange.respond(201, [("X-R", "r")])
        exchange.context.tls.version = staticBytes("tls1.3")
        exchange.context.nowNanoseconds = 1_500_250_000
        exchange.context.wallNanoseconds = 1_709_209_805_250_000_000
        exchange.context.upstream.latencyNanoseconds = 2_500_000
        exchange.context.upstream.durationNanoseconds = 3_661_000_000_000
        #expect(try evaluate(template, exchange, names: names) == expected)
    }

    @Test(arguments: [
        (#"{"a": {"b": "{http.request.method}"}}"#, #"{"a": {"b": "GET"}}"#),
        ("{unknown.thing}", "{unknown.thing}"), ("{", "{"), ("{a {http.request.method}", "{a GET"),
        ("{}", "{}"), ("{http.auth.user.id}", "{http.auth.user.id}"),
    ])
    func keepsUnknown(template: String, expected: String) throws {
        let flags = UInt32(GW_TEMPLATE_KEEP_UNKNOWN)
        #expect(try evaluate(template, flags: flags, TestExchange()) == expected)
    }

    @Test(arguments: ["{", "a{b", #"{a\}"#, "{file./missing}"])
    func refuses(template: String) {
        #expect(throws: RoutingError.self) { try Template(template, names: .testing()) }
    }

    @Test func neverExpandsWhatARequestBrought() throws {
        let names = NameRegistry.testing(environment: ["SECRET": "s3cret"])
        let attack = "{env.SECRET}"
        let exchange = TestExchange(
            "GET", "/%7benv.SECRET%7d?q=%7benv.SECRET%7d", host: attack,
            fields: [("X-A", attack), ("Cookie", "c=\(attack)")], names: names)
        let slot = names.variable("v")
        let template =
            "{http.request.uri.path.0} {http.request.uri.query.q} {http.request.host}"
            + " {http.request.header.X-A} {http.request.cookie.c} {http.vars.v}"
        for flags in [0, UInt32(GW_TEMPLATE_KEEP_UNKNOWN)] {
            let compiled = try Template(template, flags: flags, names: names)
            exchange.context.begin(exchange.context.req, names: names.snapshot())
            #expect(withBytes(attack) { exchange.context.set(slot: slot, to: $0) })
            let expected = Array(repeating: attack, count: 6).joined(separator: " ")
            #expect(text(compiled.evaluate(exchange.context)) == expected)
        }
    }

    @Test func replacesLineBreaksInValues() throws {
        let exchange = TestExchange("GET", "/a%0d%0aSet-Cookie:%20x%00?q=%0A")
        let flags = UInt32(GW_TEMPLATE_NO_CRLF)
        #expect(
            try evaluate(
                "{http.request.uri.path}|{http.request.uri.query.q}", flags: flags, exchange)
                == "/a  Set-Cookie: x | ")
        #expect(try evaluate("{http.request.uri.path}", exchange) == "/a\r\nSet-Cookie: x\0")
    }

    @Test func remembersTheOriginalRequest() throws {
        let exchange = TestExchange("GET", "/old/f?a=1")
        let template =
            "{http.request.orig_method} {http.request.orig_uri} {http.request.orig_uri.path}"
            + " {http.request.orig_uri.query} {http.request.orig_uri.path.0} {http.request.uri}"
        #expect(try evaluate(template, exchange) == "GET /old/f?a=1 /old/f a=1 old /old/f?a=1")
        exchange.rewrite("/new")
        #expect(try evaluate(template, exchange) == "GET /old/f?a=1 /old/f a=1 old /new")
    }

    @Test func readsPlaceholdersThatPluginsSet() throws {
        let names = NameRegistry.testing()
        let template = try Template(
            "{http.auth.user.id}/{http.vars.Up}/{http.vars.up}", names: names)
        let table = names.snapshot()
        let exchange = TestExchange(names: names)
        for (name, value) in [("http.auth.user.id", "ann"), ("http.vars.up", "u"), ("nobody", "x")]
        {
            let isSet = withBytes(name) { name in
                withBytes(value) { exchange.context.setPlaceholder(name, to: $0, names: table) }
            }
            #expect(isSet)
        }
        #expect(text(template.evaluate(exchange.context)) == "ann//u")
        #expect(text(exchange.context.userID) == "ann")
        exchange.context.reset()
        exchange.context.begin(exchange.context.req, names: table)
        #expect(exchange.context.userID == nil)
    }

    @Test func borrowsSinglePiecesAndCopiesOnDemand() throws {
        let exchange = TestExchange(fields: [("X-A", "value")])
        let template = try Template("{http.request.header.X-A}", names: .testing())
        let borrowed = template.evaluate(exchange.context)
        let copied = template.evaluateCopied(exchange.context)
        let again = template.evaluate(exchange.context)
        #expect(text(copied) == "value")
        #expect(borrowed?.baseAddress == again?.baseAddress)
        #expect(borrowed?.baseAddress != copied?.baseAddress)
    }

    @Test func saysWhenTheArenaIsFull() throws {
        let exchange = TestExchange(fields: [("X-A", String(repeating: "a", count: 60_000))])
        let repeated = String(repeating: "{http.request.header.X-A}", count: 100)
        let template = try Template(repeated, names: .testing())
        #expect(template.evaluate(exchange.context) == nil)
    }

    @Test func givesHandlesThatSurviveReloads() throws {
        var registry = TemplateRegistry()
        let first = registry.add(try Template("a", names: .testing()))
        let second = registry.add(try Template("b", names: .testing()))
        let old = registry.snapshot()
        registry.remove(first)
        registry.remove(first)
        let third = registry.add(try Template("c", names: .testing()))
        #expect(first == third && second != third)
        #expect(text(old[first]?.constant) == "a")
        #expect(text(registry.snapshot()[first]?.constant) == "c")
        #expect(registry[0] == nil && registry[99] == nil)
    }
}
