// Who the client is, when a trusted proxy says so.
import CGateway
import HTTP
import Routing
import Testing

@testable import Server

@Suite struct ProxyTrustTests {
    private let fixture: ExchangeFixture

    init() throws { fixture = try ExchangeFixture() }

    private func client(
        isStrict: Bool, peer: String = "10.0.0.1", _ lists: String...
    ) throws -> String {
        let trust = ProxyTrust(
            ranges: try AddressMatcher(["10.0.0.0/8", "2001:db8::/32"]),
            fields: [FieldNames.intern("X-Forwarded-For")], isStrict: isStrict)
        let exchange = try fixture.exchange(peer: peer, lists.map { ("X-Forwarded-For", $0) })
        trust.apply(exchange)
        let isTrusted = exchange.req.pointee.flags & UInt32(GW_REQ_TRUSTED_PEER) != 0
        #expect(isTrusted == peer.hasPrefix("10."))
        return String(decoding: exchange.text(exchange.req.pointee.client_ip), as: UTF8.self)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("  192.0.2.7\t, 198.51.100.1", "192.0.2.7"), ("192.0.2.7:8080", "192.0.2.7"),
        ("[2001:db9::1]:443", "2001:db9::1"), ("2001:db9::1", "2001:db9::1"),
        ("unknown, 192.0.2.7", "10.0.0.1"), ("", "10.0.0.1"), (", 192.0.2.7", "10.0.0.1"),
        ("192.0.2.7 192.0.2.8", "10.0.0.1"),
    ])
    func theLeftMostAddressIsTheClient(_ list: String, _ expected: String) throws {
        #expect(try client(isStrict: false, list) == expected)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7, 10.0.0.2, 2001:db8::5", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"), ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, unknown", "10.0.0.1"), ("203.0.113.9,", "10.0.0.1"), ("", "10.0.0.1"),
    ])
    func strictlyTheRightMostStrangerIsTheClient(_ list: String, _ expected: String) throws {
        #expect(try client(isStrict: true, list) == expected)
    }

    @Test func severalFieldsAreOneList() throws {
        #expect(try client(isStrict: false, "192.0.2.7", "203.0.113.9") == "192.0.2.7")
        #expect(try client(isStrict: true, "192.0.2.7", "203.0.113.9, 10.0.0.2") == "203.0.113.9")
        #expect(try client(isStrict: true, "192.0.2.7, 10.0.0.3", "10.0.0.2") == "192.0.2.7")
    }

    @Test(arguments: [false, true])
    func strangersAreNotAsked(_ isStrict: Bool) throws {
        #expect(try client(isStrict: isStrict, peer: "192.0.2.1", "203.0.113.9") == "192.0.2.1")
    }
}
