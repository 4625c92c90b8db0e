// Response heads: framing by status and method, and what is refused.
import Base
import CGateway
import Testing

@testable import HTTP

private func readResponse(
    _ text: String, method: Int32 = GW_METHOD_GET
) throws(HTTPError) -> ResponseHead? {
    let bytes = octets(text)
    let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: Limits.headFieldsMax)
    defer { fields.deallocate() }
    var head = ResponseHead()
    var parser = ResponseHeadParser()
    let isRead = try parser.parse(
        bytes, count: bytes.count, requestMethodID: UInt8(method), fields: fields, into: &head)
    return isRead ? head : nil
}

@Suite struct ResponseHeadTests {
    @Test(arguments: [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, BodyFraming.length(5),
            true
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n", GW_METHOD_GET, .chunked, true),
        ("HTTP/1.1 200 OK\r\n\r\n", GW_METHOD_GET, .untilClose, false),
        ("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, .length(5), true),
        ("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, .length(5), true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, .length(5), false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", GW_METHOD_GET,
            .length(5), true
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", GW_METHOD_GET,
            .length(5), false
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GW_METHOD_HEAD, .none, true),
        ("HTTP/1.1 204 No Content\r\n\r\n", GW_METHOD_GET, .none, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, .none, false),
        ("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", GW_METHOD_GET, .none, false),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", GW_METHOD_GET, .none, true),
        ("HTTP/1.1 103 Early Hints\r\n\r\n", GW_METHOD_GET, .none, true),
        ("HTTP/1.1 200 OK\r\n\r\n", GW_METHOD_CONNECT, .none, true),
        ("HTTP/1.1 407 No\r\n\r\n", GW_METHOD_CONNECT, .untilClose, false),
    ])
    func framesTheBody(
        _ text: String, _ method: Int32, _ framing: BodyFraming, _ keepAlive: Bool
    ) throws {
        let head = try #require(try readResponse(text, method: method))
        #expect(head.framing == framing)
        #expect(head.keepAlive == keepAlive)
    }

    @Test func remembersTheLengthOfABodyThatDoesNotCome() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        #expect(try readResponse(text, method: GW_METHOD_HEAD)?.declaredLength == 500)
    }

    @Test(arguments: [
        (100, true), (101, false), (103, true), (199, true), (200, false), (599, false),
    ])
    func tellsInterimFromFinal(_ status: Int, _ isInterim: Bool) throws {
        #expect(try readResponse("HTTP/1.1 \(status) X\r\n\r\n")?.isInterim == isInterim)
    }

    @Test(arguments: [
        "HELLO WORLD\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
        "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1\t200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 O\u{0}K\r\n\r\n", "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nX: 1\n\r\n",
        "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \u{0}\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "SSH-2.0-x",
    ])
    func refuses(_ text: String) {
        #expect(throws: HTTPError.self) { try readResponse(text) }
    }

    @Test func refusesHeadsAboveTheLimitBeforeTheirEnd() {
        let long = String(repeating: "a", count: Limits.responseHeadBytesMax)
        #expect(throws: HTTPError.headTooLarge) {
            try readResponse("HTTP/1.1 200 OK\r\nX: " + long)
        }
    }

    @Test func waitsForTheWholeHead() throws {
        let text = "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"
        for count in 0..<text.count {
            let head = try readResponse(String(text.prefix(count)))
            #expect(head?.status == nil)
        }
    }
}
