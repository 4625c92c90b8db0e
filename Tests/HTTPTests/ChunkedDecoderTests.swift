// Chunked bodies: the grammar, its limits, and trailers.
import Base
import CGateway
import Testing

@testable import HTTP

/// A request whose chunked body is `body`, read as it arrives; its rest must be a next request.
private func readChunked(_ body: String, _ arrival: Arrival) -> ([SeenRequest], HTTPError?) {
    var reader = RequestReader()
    let head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    for piece in arrival.pieces(octets(head + body)) { reader.feed(piece) }
    return (reader.complete, reader.error)
}

@Suite struct ChunkedDecoderTests {
    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("00000000000000000000005\r\nhello\r\n0000\r\n\r\n", "hello"),
        ("a;x=\"\\\"\"\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("5 ; a = b ;c\r\nhello\r\n0 \t;z\r\n\r\n", "hello"),
        ("5;a=\"\u{e9}\t\"\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n3\r\n\u{0}\n\r\r\n0\r\n\r\n", "\r\n\u{0}\n\r"),
    ])
    func reads(_ text: String, _ body: String) {
        for arrival in Arrival.all {
            let (complete, error) = readChunked(text, arrival)
            #expect(error == nil && complete.count == 1, "\(arrival)")
            #expect(complete.first.map { latin1($0.body) } == body, "\(arrival)")
        }
    }

    @Test(arguments: [
        ("x\r\n", HTTPError.chunkSizeInvalid), ("\r\n", .chunkSizeInvalid),
        (" 5\r\n", .chunkSizeInvalid), ("5 5\r\n", .chunkSizeInvalid),
        ("5,\r\n", .chunkSizeInvalid),
        ("5 \r\n", .chunkSizeInvalid), ("-5\r\n", .chunkSizeInvalid), ("5g\r\n", .chunkSizeInvalid),
        ("5_0\r\n", .chunkSizeInvalid), (";a\r\n", .chunkSizeInvalid), ("5\n", .chunkSizeInvalid),
        ("ffffffffffffffff\r\n", .chunkSizeInvalid), ("5\rX", .bareCarriageReturn),
        ("100000000000000000\r\n", .chunkSizeInvalid), ("5;\r\n", .chunkExtensionInvalid),
        ("5;=b\r\n", .chunkExtensionInvalid), ("5;a \r\n", .chunkExtensionInvalid),
        ("5;a=\r\n", .chunkExtensionInvalid), ("5;a=\"b\r\n", .chunkExtensionInvalid),
        ("5;a=\"b\"c\r\n", .chunkExtensionInvalid), ("5;a=b=c\r\n", .chunkExtensionInvalid),
        ("5;a\u{0}\r\n", .chunkExtensionInvalid), ("5;a\n", .bareLineFeed),
        ("5;a=\"\\\u{1}\"\r\n", .chunkExtensionInvalid), ("5;a=\"\n\"\r\n", .bareLineFeed),
        ("5\r\nhello0\r\n", .chunkEndInvalid), ("5\r\nhello\n0\r\n\r\n", .chunkEndInvalid),
        ("5\r\nhello\r\r\n", .chunkEndInvalid), ("0\r\nX\r\n\r\n", .fieldNameInvalid),
        ("0\r\nX: 1\n\r\n", .bareLineFeed), ("0\r\n\n", .bareLineFeed),
        ("0\r\nX: 1\r\n y\r\n\r\n", .lineFolded), ("0\r\nX : 1\r\n\r\n", .fieldNameInvalid),
        ("0\r\nX: \u{0}\r\n\r\n", .fieldValueInvalid),
        ("0\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
    ])
    func refuses(_ text: String, _ expected: HTTPError) {
        for arrival in Arrival.all {
            let (complete, error) = readChunked(text, arrival)
            #expect(complete.isEmpty && error == expected, "\(arrival)")
        }
    }

    @Test func boundsOneExtension() {
        let long = String(repeating: "a", count: Limits.chunkLineBytesMax)
        #expect(readChunked("5;\(long)", .whole).1 == .chunkExtensionsTooLarge)
    }

    @Test func boundsAllExtensionsTogether() {
        let chunk = "1;" + String(repeating: "a", count: 1000) + "\r\nz\r\n"
        let text = String(repeating: chunk, count: Limits.chunkExtensionBytesMax / 1000 + 1)
        #expect(readChunked(text, .whole).1 == .chunkExtensionsTooLarge)
    }

    @Test func boundsTrailers() {
        let field = "X: " + String(repeating: "a", count: 1000) + "\r\n"
        let text = "0\r\n" + String(repeating: field, count: Limits.trailerBytesMax / 1000 + 1)
        #expect(readChunked(text, .whole).1 == .trailersTooLarge)
    }

    @Test func keepsTrailersAndDropsForbiddenOnes() {
        let text =
            "1\r\nz\r\n0\r\nX-Sum: 1\r\nHost: b\r\nContent-Length: 5\r\nX-sum: 2\r\n"
            + "Authorization: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        for arrival in Arrival.all {
            let (complete, _) = readChunked(text, arrival)
            #expect(complete.count == 2, "\(arrival)")
            #expect(
                complete.first?.trailers == [
                    SeenField(name: "X-Sum", value: "1"), SeenField(name: "X-sum", value: "2"),
                ], "\(arrival)")
        }
    }

    @Test func countsALengthDown() {
        var decoder = LengthDecoder(length: 10)
        #expect(decoder.take(4) == 4 && !decoder.isComplete)
        #expect(decoder.take(100) == 6 && decoder.isComplete)
        #expect(decoder.take(1) == 0)
    }
}
