// The text tables of /proc/net.
import Testing

@testable import LLMResolverParts

@Suite struct SocketTableTests {
    private static let title =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private func sockets(_ lines: String...) -> [ListeningSocket] {
        Array((Self.title + lines.joined(separator: "\n")).utf8).withUnsafeBytes {
            SocketTable.sockets($0)
        }
    }

    private static let v4 =
        "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0"
    private static let v6 =
        "   0: 00000000000000000000000001000000:1435 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0"

    @Test func readsListenersOfBothFamilies() {
        let found = sockets(Self.v4, Self.v6)
        #expect(found.map(\.address.text) == ["127.0.0.1", "::1"])
        #expect(found.map(\.port) == [3000, 5173])
        #expect(found.map(\.inode) == [4711, 4712])
        #expect(found.map(\.userID) == [1000, 0])
    }

    @Test(arguments: [
        "", "   0: 0100007F:0BB8", "nonsense",
        "   0: 0100007F:0BB8 00000000:0000 01 0:0 0:0 0 1000 0 4711",
        "   0: 010000:0BB8 00000000:0000 0A 0:0 0:0 0 1000 0 4711",
        "   0: 0100007F:1FFFF 00000000:0000 0A 0:0 0:0 0 1000 0 4711",
        "   0: 0100007G:0BB8 00000000:0000 0A 0:0 0:0 0 1000 0 4711",
        "   0: 0100007F:0BB8 00000000:0000 0A 0:0 0:0 0 1000 0 x",
    ])
    func passesOverWhatIsNone(_ line: String) {
        #expect(sockets(line, Self.v4).map(\.port) == [3000])
    }

    @Test func choosesAsTheKernelDoes() {
        let wildcard = ListeningSocket(address: .anyV4, port: 1, inode: 1, userID: 0)
        let dual = ListeningSocket(address: .anyV6, port: 1, inode: 2, userID: 0)
        let exact = ListeningSocket(address: .loopbackV4, port: 1, inode: 3, userID: 0)
        let dial = DialAddress(address: .loopbackV4, port: 1)
        #expect(SocketSource.best(for: dial, among: [wildcard, dual, exact])?.inode == 3)
        #expect(SocketSource.best(for: dial, among: [dual, wildcard])?.inode == 1)
        #expect(SocketSource.best(for: dial, among: [dual])?.inode == 2)
        var only = dual
        only.isIPv6Only = true
        #expect(SocketSource.best(for: dial, among: [only]) == nil)
    }
}
