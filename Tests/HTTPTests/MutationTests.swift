// Broken conversations, made from whole ones by a seeded generator.
import CGateway
import Testing

@testable import HTTP

/// Broken variants of whole conversations: nothing traps, and how input arrives changes nothing.
@Suite struct MutationTests {
    private static let seeds = [
        "POST /a?b=c HTTP/1.1\r\nHost: a.test\r\nConnection: X, close\r\nX: 1\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
        "GET http://[::1]:80/%41 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc"
            + "OPTIONS * HTTP/1.1\r\nHost: b\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n",
        "\r\nCONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ]

    private static let pieces = [
        "\r", "\n", "\r\n", "\r\n\r\n", "\0", ":", " ", "\t", ",", ";", "\"", "\\", "%", "[", "]",
        "#", "\u{7f}", "\u{ff}", "0", "ffffffffffffffff", "chunked", "Content-Length: 1\r\n",
        "Connection: host\r\n", "@", "*", "http://",
    ].map(octets)

    private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, at + Int.random(in: 0...6, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(at..<end)
            case 2:
                let piece = Self.pieces.randomElement(using: &generator) ?? []
                bytes.insert(contentsOf: piece, at: at)
            default: bytes.insert(contentsOf: bytes[at..<end], at: at)
            }
        }
        return bytes
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func brokenRequestsAreReadTheSameHoweverTheyArrive(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1500 {
            let bytes = mutate(octets(Self.seeds[round % Self.seeds.count]), &generator)
            var whole = RequestReader()
            whole.feed(bytes)
            for arrival in [Arrival.octets, .random(seed: seed &+ UInt64(round))] {
                var split = RequestReader()
                for piece in arrival.pieces(bytes) { split.feed(piece) }
                let same =
                    split.complete == whole.complete
                    && split.error?.status == whole.error?.status
                guard same else {
                    let errors = (whole.error, split.error)
                    Issue.record("\(arrival): \(errors) for \(latin1(bytes).debugDescription)")
                    return
                }
            }
        }
    }

    @Test func brokenResponsesDoNotTrap() {
        var generator = SeededGenerator(seed: 7)
        let seed = octets(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: X, close\r\nX: 1\r\n"
                + "Upgrade: a\r\n\r\n")
        let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: 256)
        defer { fields.deallocate() }
        var readCount = 0
        for _ in 0..<4000 {
            let bytes = mutate(seed, &generator)
            guard !bytes.isEmpty else { continue }
            var parser = ResponseHeadParser()
            var head = ResponseHead()
            let isRead = try? parser.parse(
                bytes, count: bytes.count, requestMethodID: UInt8(GW_METHOD_GET), fields: fields,
                into: &head)
            guard isRead == true else { continue }
            readCount += 1
            #expect(head.headBytes <= bytes.count)
            for index in 0..<head.fieldCount {
                let field = fields[index]
                #expect(Int(field.value.off + field.value.len) <= head.headBytes)
            }
        }
        #expect(readCount > 100)
    }
}
