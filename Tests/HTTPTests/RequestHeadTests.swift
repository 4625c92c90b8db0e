// Request heads: what is read, what is refused, and with which status.
import Base
import CGateway
import Testing

@testable import HTTP

/// Reads one head and gives its texts.
struct ReadRequest {
    var head = RequestHead()
    var fields: [gw_field] = []
    var bytes: [UInt8]

    init(_ text: String) throws {
        bytes = octets(text)
        let table = UnsafeMutablePointer<gw_field>.allocate(capacity: Limits.headFieldsMax)
        defer { table.deallocate() }
        var parser = RequestHeadParser()
        let isRead = try parser.parse(bytes, count: bytes.count, fields: table, into: &head)
        try #require(isRead, "the head is incomplete")
        fields = (0..<head.fieldCount).map { table[$0] }
    }

    func text(_ ref: gw_ref) -> String { latin1(bytes[Int(ref.off)..<Int(ref.off + ref.len)]) }
}

func requestError(_ text: String) -> HTTPError? {
    do {
        _ = try ReadRequest(text)
        return nil
    } catch {
        return error as? HTTPError
    }
}

@Suite struct RequestHeadTests {
    @Test func findsEveryPart() throws {
        let request = try ReadRequest(
            "POST /v1/chat?a=1&b=2 HTTP/1.1\r\nHost: api.test:8080\r\nX-A:\t b c \t\r\n"
                + "Content-Length: 12\r\n\r\nhello")
        let head = request.head
        #expect(request.text(head.method) == "POST")
        #expect(request.text(head.target) == "/v1/chat?a=1&b=2")
        #expect(request.text(head.path) == "/v1/chat")
        #expect(request.text(head.query) == "a=1&b=2")
        #expect(request.text(head.host) == "api.test:8080")
        #expect(head.methodID == UInt8(GW_METHOD_POST))
        #expect(head.framing == .length(12))
        #expect(head.headBytes == request.bytes.count - 5)
        #expect(request.fields.map { $0.name_id } == [1, 0, 3])
        #expect(request.text(request.fields[1].value) == "b c")
    }

    @Test(arguments: [
        ("GET http://a.test/p?q HTTP/1.1", "/p?q", "/p", "q", "a.test"),
        ("GET HTTPS://a.test:8443/ HTTP/1.1", "/", "/", "", "a.test:8443"),
        ("GET http://a.test HTTP/1.1", "/", "/", "", "a.test"),
        ("GET http://[::1]:80?x=1 HTTP/1.1", "/?x=1", "/", "x=1", "[::1]:80"),
        ("OPTIONS http://a.test HTTP/1.1", "*", "*", "", "a.test"),
        ("OPTIONS http://a.test/ HTTP/1.1", "/", "/", "", "a.test"),
        ("OPTIONS * HTTP/1.1", "*", "*", "", "other.test"),
        ("GET /?? HTTP/1.1", "/??", "/", "?", "other.test"),
        ("GET //a//b HTTP/1.1", "//a//b", "//a//b", "", "other.test"),
    ])
    func completesTheTarget(
        _ line: String, _ uri: String, _ path: String, _ query: String,
        _ host: String
    ) throws {
        var request = try ReadRequest(line + "\r\nHost: other.test\r\n\r\n")
        let block = MessageBlock()
        let section = UnsafeMutablePointer<gw_fields>.allocate(capacity: 1)
        section.initialize(to: gw_fields())
        defer { section.deallocate() }
        try block.adoptRequest(
            request.bytes, &request.head, fields: request.fields, section: section)
        func text(_ ref: gw_ref) -> String {
            latin1(UnsafeRawBufferPointer(start: block.base + Int(ref.off), count: Int(ref.len)))
        }
        #expect(text(request.head.uri) == uri)
        #expect(text(request.head.path) == path)
        #expect(text(request.head.query) == query)
        #expect(text(request.head.host) == host)
        #expect(FieldSection.get(section, FieldID.host).map(latin1) == host)
    }

    @Test(arguments: [
        "a.test", "A_b-c.test", "a.test:", "a.test:0", "a.test:65535", "127.0.0.1:80", "[::1]",
        "[::1]:80", "[2001:db8::1]", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[::]", "localhost",
    ])
    func takesHost(_ host: String) {
        #expect(requestError("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == nil)
    }

    @Test(arguments: [
        "", ":80", "a.test:65536", "a.test:8x", "a.test:80:80", "a.test,b.test", "a%41.test",
        "u@a.test", "a.test/", "a.test?", "a b", "[::1", "::1", "[::1]x", "[:]", "[:::]", "[1]",
        "[1:2:3:4:5:6:7:8:9]", "[::1%25eth0]", "[1::2::3]", "[::1.2.3]", "[::1.2.3.256]", "[]",
        "[12345::]", "a\u{e9}.test", "a.test\u{1}", "a\\b", "[1:2:3:4:5:6:7:]",
        "[1:2:3:4:5:6:7:8::]",
    ])
    func refusesHost(_ host: String) {
        let error = requestError("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(error?.status == 400)
    }

    @Test(arguments: [
        ("GET / HTTP/2.0", HTTPError.versionUnsupported), ("GET / HTTP/0.9", .versionUnsupported),
        ("GET / HTTP/1,1", .versionInvalid), ("GET / HTTP/11", .requestLineInvalid),
        ("GET / HTTP/1.10", .requestLineInvalid), ("GET / HTTQ/1.1", .versionInvalid),
        ("GET /", .targetInvalid), ("GET", .methodInvalid), ("GET ", .targetInvalid),
        ("GET\t/ HTTP/1.1", .methodInvalid), ("GET /\tHTTP/1.1", .targetInvalid),
        ("G\u{e9}T / HTTP/1.1", .methodInvalid), ("GET /a\"b HTTP/1.1", .targetInvalid),
        ("GET /a\\b HTTP/1.1", .targetInvalid), ("GET /<a> HTTP/1.1", .targetInvalid),
        ("GET /% HTTP/1.1", .targetInvalid), ("GET /%4 HTTP/1.1", .targetInvalid),
        ("GET /?q=%g1 HTTP/1.1", .targetInvalid), ("GET ?q HTTP/1.1", .targetInvalid),
        ("GET /\u{7f} HTTP/1.1", .targetInvalid), ("GET http:///x HTTP/1.1", .targetInvalid),
        ("GET ftp://a.test/ HTTP/1.1", .targetInvalid), ("GET http:/x HTTP/1.1", .targetInvalid),
        ("GET http://a.test:x/ HTTP/1.1", .targetInvalid), ("POST * HTTP/1.1", .targetInvalid),
        ("CONNECT /x HTTP/1.1", .targetInvalid), ("CONNECT a.test: HTTP/1.1", .targetInvalid),
        ("CONNECT http://a.test:80 HTTP/1.1", .targetInvalid),
        ("OPTIONS ** HTTP/1.1", .targetInvalid), ("GET / HTTP/1.1\r", .requestLineInvalid),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", .methodTooLong),
    ])
    func refusesRequestLine(_ line: String, _ error: HTTPError) {
        #expect(requestError(line + "\r\nHost: a.test\r\n\r\n") == error)
    }

    @Test(arguments: ["/a|b", "/{id}", "/?q[]=1^2", "/~u/a;b=c,d", "/@x:y", "/a%2fb", "/`"])
    func takesTarget(_ target: String) {
        #expect(requestError("GET \(target) HTTP/1.1\r\nHost: a.test\r\n\r\n") == nil)
    }

    @Test func takesConnectWithPort() throws {
        let request = try ReadRequest("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
        #expect(request.head.form == .authority)
        #expect(request.text(request.head.host) == "a.test:443")
    }

    @Test(arguments: [
        ("HTTP/1.1", "X: 1", true), ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: keep-alive, CLOSE", false),
        ("HTTP/1.1", "Connection: x\r\nConnection: ,close,", false),
        ("HTTP/1.0", "X: 1", false), ("HTTP/1.0", "Connection: Keep-Alive", true),
        ("HTTP/1.0", "Connection: keep-alive, close", false),
    ])
    func decidesOnKeepAlive(_ version: String, _ field: String, _ keepAlive: Bool) throws {
        let request = try ReadRequest("GET / \(version)\r\nHost: a.test\r\n\(field)\r\n\r\n")
        #expect(request.head.keepAlive == keepAlive)
    }

    @Test(arguments: [
        ("HTTP/1.1", "Expect: 100-Continue\r\nContent-Length: 5", true),
        ("HTTP/1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked", true),
        ("HTTP/1.1", "Expect: 100-continue", false),
        ("HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 0", false),
        ("HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 5", false),
    ])
    func expectsContinue(_ version: String, _ fields: String, _ expected: Bool) throws {
        let request = try ReadRequest("POST / \(version)\r\nHost: a.test\r\n\(fields)\r\n\r\n")
        #expect(request.head.expectsContinue == expected)
    }

    @Test(arguments: [
        ("Transfer-Encoding: chunked;q=1", HTTPError.codingInvalid),
        ("Transfer-Encoding: chunked, gzip", .codingInvalid),
        ("Transfer-Encoding: gzip, chunked", .codingUnsupported),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", .codingInvalid),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0", .codingWithLength),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", .codingWithLength),
        ("Content-Length: 1000000000000000000", .lengthTooLarge),
        ("Content-Length: 1 2", .lengthInvalid), ("Content-Length: 5.0", .lengthInvalid),
        ("Content-Length: 5\r\ncontent-length: 5", .lengthRepeated),
        ("Connection: a b", .connectionInvalid), ("Connection: \"close\"", .connectionInvalid),
        ("Expect: 200-ok", .expectationUnsupported), ("X: a\rb", .bareCarriageReturn),
        ("X: \u{7f}", .fieldValueInvalid), (" X: 1", .lineFolded), ("X: 1\r\n\tb", .lineFolded),
        ("X\u{e9}: 1", .fieldNameInvalid), ("\rX: 1", .bareCarriageReturn),
        ("X: 1\r\n\rY: 1", .bareCarriageReturn),
    ])
    func refusesField(_ field: String, _ error: HTTPError) {
        #expect(requestError("POST / HTTP/1.1\r\nHost: a.test\r\n\(field)\r\n\r\n") == error)
    }

    @Test func chunkedIsReadInAnyCase() throws {
        let request = try ReadRequest(
            "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: \tChunked \r\n\r\n")
        #expect(request.head.framing == .chunked)
    }

    @Test func noticesUpgrade() throws {
        let both = "Connection: Upgrade\r\nUpgrade: websocket"
        #expect(try ReadRequest("GET / HTTP/1.1\r\nHost: a\r\n\(both)\r\n\r\n").head.hasUpgrade)
        let one = "Upgrade: websocket"
        #expect(try !ReadRequest("GET / HTTP/1.1\r\nHost: a\r\n\(one)\r\n\r\n").head.hasUpgrade)
    }

    @Test func refusesOneFieldTooMany() {
        let lines = String(repeating: "X: 1\r\n", count: Limits.headFieldsMax - 1)
        let head = "GET / HTTP/1.1\r\nHost: a.test\r\n\(lines)"
        #expect(requestError(head + "\r\n") == nil)
        #expect(requestError(head + "X: 1\r\n\r\n") == .tooManyFields)
    }

    @Test func refusesLongHeadsBeforeTheirEnd() {
        let long = String(repeating: "a", count: Limits.headBytesMax)
        #expect(requestError("GET /" + long) == .targetTooLong)
        #expect(requestError("GET / HTTP/1.1\r\nX: " + long) == .headTooLarge)
    }

    @Test func refusesOtherProtocolsAtTheFirstOctet() {
        #expect(requestError("\u{16}\u{3}\u{1}") == .requestLineInvalid)
    }

    @Test func refusesASecondEmptyLine() {
        #expect(requestError("\r\n\r\n") == .requestLineInvalid)
    }

    @Test(arguments: [
        ("/", true), ("/a%2f?b=%41", true), ("", false), ("a", false), ("*", false), ("/ ", false),
        ("/a\r\n", false), ("/%4", false), ("/%zz", false), ("/#", false), ("//x", true),
    ])
    func checksURIsOfHandlers(_ text: String, _ isValid: Bool) {
        withOctets(text) { #expect(RequestLine.isOriginForm($0) == isValid) }
    }

    @Test(arguments: [("GET", true), ("", false), ("G T", false), ("G\r\n", false)])
    func checksMethodsOfHandlers(_ text: String, _ isValid: Bool) {
        withOctets(text) { #expect(RequestLine.isMethod($0) == isValid) }
    }

    @Test(arguments: [("a.test:80", true), ("", false), ("a b", false), ("a\r\nX: 1", false)])
    func checksHostsOfHandlers(_ text: String, _ isValid: Bool) {
        withOctets(text) { #expect(RequestLine.isAuthority($0) == isValid) }
    }
}
