// Messages of the kernel, recorded on Linux 6 (x86-64).
import Testing

@testable import LLMResolverParts

@Suite struct DiagnosticMessageTests {
    /// [::1]:3000, IPv6 only, user 0, inode 0xBA780, cookie 0x293.
    static let listener =
        "8400000014000200010000006a2000000a0a00000bb80000000000000000000000000000000000010000"
        + "000000000000000000000000000000000000930200000000000000000000000000008000000000000000"
        + "80a70b00050008000000000005000b000100000008000f00000000000c00150001000000000000000600"
        + "160012000000"
    static let refused =
        "5c00000002000000010000007b000000feffffff480000001400010001000000000000000a06000000040000"
        + "0bb900000000000000000000000000000000000100000000000000000000000000000000"
        + "00000000ffffffffffffffff"

    private func read(
        _ bytes: [UInt8], sequence: UInt32 = 1
    ) -> (DiagnosticMessage.Step, [ListeningSocket]) {
        var sockets: [ListeningSocket] = []
        let step = bytes.withUnsafeBytes { bytes in
            DiagnosticMessage.read(bytes, sequence: sequence) { sockets.append($0) }
        }
        return (step, sockets)
    }

    @Test func readsAListener() throws {
        let (step, sockets) = read(bytes(Self.listener))
        #expect(step == .more)
        let socket = try #require(sockets.first)
        #expect(sockets.count == 1)
        #expect(socket.address.text == "::1" && socket.port == 3000 && socket.isIPv6Only)
        #expect(socket.inode == 0xBA780 && socket.cookie == 0x293 && socket.userID == 0)
    }

    @Test func tellsThatNobodyListens() {
        #expect(read(bytes(Self.refused)).0 == .failed(2))
    }

    @Test func passesOverAnswersToOtherQuestions() {
        let (step, sockets) = read(bytes(Self.listener), sequence: 7)
        #expect(step == .more && sockets.isEmpty)
    }

    /// Every cut and every length that lies gives an answer, and no socket that is not there.
    @Test func survivesWhatIsMalformed() {
        let whole = bytes(Self.listener)
        for count in 0..<whole.count {
            #expect(read(Array(whole[..<count])).1.isEmpty)
        }
        for position in [0, 1, 2, 3] {
            for value: UInt8 in [0, 1, 15, 0x7F, 0xFF] {
                var broken = whole
                broken[position] = value
                _ = read(broken)
            }
        }
        var attributes = whole
        for position in 88..<whole.count {
            attributes[position] = 0xFF
            _ = read(attributes)
        }
    }

    @Test func asksForOneAddress() throws {
        let dial = DialAddress(address: .loopbackV6, port: 3001)
        let request = DiagnosticMessage.lookupRequest(dial, sequence: 1)
        #expect(request.count == 72)
        // What the kernel sends back is the question behind the code of the error.
        #expect(Array(bytes(Self.refused)[20..<92])[16...] == request[16...])
    }
}

func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { $0 > 57 ? $0 - 87 : $0 - 48 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
