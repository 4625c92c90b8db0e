// Texts of plugins that become part of a request, and chunks on their way out.
import Testing

@testable import Server

@Suite struct RequestTextTests {
    @Test(arguments: ["GET", "M-SEARCH", "x", "!#$%&'*+-.^_`|~09"])
    func aTokenIsAMethod(_ text: String) {
        #expect(Array(text.utf8).withUnsafeBytes(RequestText.isMethod))
    }

    @Test(arguments: ["", "GET ", "GE T", "GET\r\n", "G\u{0}T", "GÉT", "GET/", "(GET)"])
    func otherTextsAreNoMethods(_ text: String) {
        #expect(!Array(text.utf8).withUnsafeBytes(RequestText.isMethod))
    }

    @Test func aMethodHasALimit() {
        let text = [UInt8](repeating: UInt8(ascii: "M"), count: 100_000)
        #expect(!text.withUnsafeBytes(RequestText.isMethod))
    }

    @Test(arguments: ["/", "/a/b?c=d&e", "*", "//x", "/%20", "/a?b?c"])
    func aPathWithItsQueryIsATarget(_ text: String) {
        #expect(Array(text.utf8).withUnsafeBytes(RequestText.isURI))
    }

    @Test(arguments: [
        "", "a", "http://x/", "?x", "/a b", "/a#b", "/a\r\nX: y", "/\u{7F}", "/é", "**", "*/",
        "/\u{0}",
    ])
    func otherTextsAreNoTargets(_ text: String) {
        #expect(!Array(text.utf8).withUnsafeBytes(RequestText.isURI))
    }
}

@Suite struct ChunkFramingTests {
    private func frame(_ text: String, isLast: Bool) -> String {
        let bytes = Array(text.utf8)
        var out = [UInt8](repeating: 0, count: bytes.count + ChunkFraming.overhead)
        let size = bytes.withUnsafeBytes { bytes in
            out.withUnsafeMutableBytes {
                ChunkFraming.write(BodyPiece(bytes: bytes, isLast: isLast), to: $0.baseAddress!)
            }
        }
        return String(decoding: out[..<size], as: UTF8.self)
    }

    @Test func aPieceHasItsSizeInFront() {
        #expect(frame("hello", isLast: false) == "5\r\nhello\r\n")
        #expect(frame("hello", isLast: true) == "5\r\nhello\r\n0\r\n\r\n")
        let long = String(repeating: "x", count: 0x1F4A)
        #expect(frame(long, isLast: false) == "1f4a\r\n\(long)\r\n")
    }

    @Test func anEmptyPieceIsNotTheEnd() {
        #expect(frame("", isLast: false) == "")
        #expect(frame("", isLast: true) == "0\r\n\r\n")
    }
}
