// Bytes through a session: partial progress, ends, and peers that do not speak TLS.
import Foundation
import Testing

@testable import Transport

@Suite struct TLSSessionTests {
    let authority: TestAuthority
    let server: TLSServerContext
    let client: TLSClientContext

    init() throws {
        authority = try TestAuthority()
        server = try authority.server(authority.certificate("a.test"))
        client = try authority.client()
    }

    private func connected() throws -> TLSPair {
        let pair = try TLSPair(server, client, name: "a.test")
        try #require(pair.handshake() == (.done(0), .done(0)))
        return pair
    }

    @Test func closeNotifyIsACleanEnd() throws {
        let pair = try connected()
        #expect(pair.client.readOne() == .wantRead)
        #expect(pair.server.shutdown() == .done(0))
        #expect(pair.client.readOne() == .closed)
    }

    @Test func endWithoutCloseNotifyIsTruncation() throws {
        let pair = try connected()
        #expect(pair.send("ping", from: pair.client, to: pair.server) == "ping")
        pair.sockets.closeRight()
        #expect(pair.server.readOne() == .failed(.truncated))
        #expect(pair.server.shutdown() == .done(0))
    }

    @Test func endInsideTheHandshakeIsTruncation() throws {
        let pair = try TLSPair(server, client, name: "a.test")
        #expect(pair.client.handshake() == .wantRead)
        #expect(pair.server.handshake() == .wantRead)
        try #require(Foundation.shutdown(pair.sockets.right, Int32(SHUT_WR)) == 0)
        #expect(pair.server.handshake() == .failed(.truncated))
    }

    @Test func writingToAGonePeerFailsWithoutASignal() throws {
        let pair = try connected()
        pair.sockets.closeRight()
        let text = [UInt8]("ping".utf8)
        #expect(text.withUnsafeBytes { pair.server.write($0) } == .failed(.system(EPIPE)))
    }

    @Test func failuresDoNotLeakIntoOtherSessions() throws {
        let healthy = try connected()
        let broken = try SocketPair()
        let victim = try TLSSession(server: server, descriptor: broken.left)
        try write("GET / HTTP/1.1\r\n\r\n", to: broken.right)
        #expect(victim.handshake() == .failed(.plaintext))
        #expect(healthy.server.readOne() == .wantRead)
        #expect(healthy.send("ping", from: healthy.client, to: healthy.server) == "ping")
    }

    @Test func upstreamThatSpeaksPlainFirstIsRefused() throws {
        let pair = try SocketPair()
        let session = try TLSSession(
            client: client, descriptor: pair.left, peer: TLSPeerName("a.test"))
        try write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: pair.right)
        #expect(session.handshake() == .failed(.plaintext))
    }

    @Test func plainBytesAfterTheHandshakeAreNeverData() throws {
        let pair = try connected()
        try write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: pair.sockets.left)
        guard case .failed = pair.client.readOne() else {
            Issue.record("plain bytes were taken")
            return
        }
    }

    @Test func readsOnePieceAtATime() throws {
        let pair = try connected()
        let text = [UInt8](repeating: 7, count: 100)
        #expect(text.withUnsafeBytes { pair.client.write($0) } == .done(100))
        #expect(pair.server.readOne() == .done(64))
        #expect(pair.server.pendingBytes == 36 && pair.server.hasPending)
        #expect(pair.server.readOne() == .done(36))
        #expect(!pair.server.hasPending)
        #expect(pair.server.readOne() == .wantRead)
    }

    @Test func recordsReadAheadAreReportedAsPending() throws {
        let pair = try connected()
        for _ in 0..<3 {
            let step = [UInt8](repeating: 7, count: 10).withUnsafeBytes { pair.client.write($0) }
            #expect(step == .done(10))
        }
        #expect(pair.server.readOne() == .done(10))
        #expect(pair.server.hasPending)
        #expect(pair.server.readOne() == .done(10))
        #expect(pair.server.readOne() == .done(10))
        #expect(!pair.server.hasPending)
    }

    @Test func fullSocketWantsWriteAndGoesOnFromMovedBytes() throws {
        let pair = try connected()
        let total = 4_000_000
        let source = [UInt8]((0..<total).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        var (sent, received) = (0, [UInt8]())
        var blocked = false
        while received.count < total {
            write: while sent < total {
                // A fresh array each time: the bytes move between attempts.
                switch Array(source[sent...].prefix(40_000)).withUnsafeBytes(pair.client.write) {
                case .done(let count): sent += count
                case .wantWrite:
                    blocked = true
                    break write
                case .wantRead, .wantCertificate, .closed, .failed:
                    Issue.record("write failed")
                    return
                }
            }
            drain(pair.server, into: &received)
        }
        #expect(blocked)
        #expect(received == source)
    }

    private func drain(_ session: TLSSession, into target: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            while case .done(let count) = session.read(into: buffer) {
                target += buffer[..<count]
            }
        }
    }

    private func write(_ text: String, to descriptor: Int32) throws {
        let bytes = Array(text.utf8)
        try #require(Foundation.write(descriptor, bytes, bytes.count) == bytes.count)
    }
}

/// A client and a server with a relay between them that passes one byte at a time.
@Suite struct TLSByteByByteTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func handshakeSurvivesSingleBytes(_ version: TLSVersion) throws {
        let authority = try TestAuthority()
        let context = try authority.server(authority.certificate("a.test")) {
            $0.maximumVersion = version
        }
        let (near, far) = (try SocketPair(), try SocketPair())
        let server = try TLSSession(server: context, descriptor: near.left)
        let client = try TLSSession(
            client: authority.client(), descriptor: far.right, peer: TLSPeerName("a.test"))
        var steps = (server.handshake(), client.handshake())
        var relayed = 0
        while steps.0.goesOn || steps.1.goesOn {
            let moved = relayByte(far.left, near.right) || relayByte(near.right, far.left)
            try #require(moved, "nothing moves: \(steps)")
            relayed += 1
            if steps.0.goesOn { steps.0 = server.handshake() }
            if steps.1.goesOn { steps.1 = client.handshake() }
        }
        #expect(steps == (.done(0), .done(0)))
        #expect(relayed > 500)
    }

    private func relayByte(_ source: Int32, _ target: Int32) -> Bool {
        var byte: UInt8 = 0
        return read(source, &byte, 1) == 1 && write(target, &byte, 1) == 1
    }
}

@Suite struct ServerNameTableTests {
    @Test func manyNamesAreFound() {
        let names = (0..<3000).map { ["host\($0).test", "*.wild\($0).test"] }
        let table = ServerNameTable(names)
        for index in stride(from: 0, to: 3000, by: 7) {
            #expect(lookup("host\(index).test", table) == index)
            #expect(lookup("x.wild\(index).test", table) == index)
        }
        for name in ["", ".", ".wild1.test", "host3000.test", "wild1.test", "a.b.wild1.test"] {
            #expect(lookup(name, table) == -1, "\(name)")
        }
    }

    @Test func firstCertificateKeepsAName() {
        let table = ServerNameTable([["a.test"], ["A.test", "b.test"], []])
        #expect(lookup("a.test", table) == 0)
        #expect(lookup("b.test", table) == 1)
    }

    private func lookup(_ name: String, _ table: borrowing ServerNameTable) -> Int {
        var bytes = Array(name.utf8)
        return bytes.withUnsafeMutableBytes { table.lookup($0) }
    }
}
