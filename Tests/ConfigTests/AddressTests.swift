// Site addresses, listener addresses, quantities, names in certificates.
import Base
import Testing

@testable import Config

@Suite struct AddressTests {
    private func address(_ text: String) throws(ConfigError) -> SiteAddress {
        try SiteAddress(Token(text: text, location: SourceLocation(file: "f", line: 1, column: 1)))
    }

    @Test(arguments: [
        ("example.com", "", "example.com", "", ""), (":80", "", "", "80", ""),
        ("HTTPS://Example.com:8443/A", "https", "example.com", "8443", "/A"),
        ("[::1]:80", "", "::1", "80", ""), ("[2001:DB8::0]", "", "2001:db8::", "", ""),
        ("2001:0db8::1", "", "2001:db8::1", "", ""), ("*.Foo.com", "", "*.foo.com", "", ""),
        ("{env.HOST}", "", "{env.HOST}", "", ""), ("localhost:", "", "localhost", "", ""),
    ])
    func splitsSiteAddresses(
        _ text: String, _ scheme: String, _ host: String, _ port: String, _ path: String
    ) throws {
        let parsed = try address(text)
        #expect(
            [parsed.scheme, parsed.host, parsed.port, parsed.path] == [scheme, host, port, path])
    }

    @Test(arguments: ["a:b", "a:70000", "a:-1", "ws://a", "foo://a"])
    func refusesSiteAddresses(_ text: String) {
        #expect(throws: ConfigError.self) { try address(text) }
    }

    @Test(arguments: [
        (":80", ":80"), ("127.0.0.1:80", "127.0.0.1:80"), ("tcp/:80-90", ":80-90"),
        ("[::1]:80", "[::1]:80"), ("unix//run/x", "unix//run/x"), ("udp/[::]:443", "udp/[::]:443"),
    ])
    func normalisesListenerAddresses(_ text: String, _ expected: String) throws {
        #expect(try NetworkAddress(text).description == expected)
    }

    @Test(arguments: [":x", ":90-80", ":1-2-3", "[a]b", ":99999"])
    func refusesListenerAddresses(_ text: String) {
        #expect(throws: NetworkAddress.Problem.self) { try NetworkAddress(text) }
    }

    @Test(
        arguments: [
            ("1h30m", 5_400_000_000_000), ("2d", 172_800_000_000_000), ("1.5s", 1_500_000_000),
            ("-1s", -1_000_000_000), ("0", 0), ("300ms", 300_000_000), ("1", nil), ("", nil),
            ("s", nil), ("99999999d", nil), ("1x", nil), ("1.2.3s", nil),
        ] as [(String, Int64?)])
    func readsDurations(_ text: String, _ expected: Int64?) {
        #expect(Quantities.nanoseconds(text) == expected)
    }

    @Test(
        arguments: [
            ("10MB", 10_000_000), ("4KiB", 4096), ("512", 512), ("1.5k", 1500), ("x", nil),
            ("1zb", nil),
        ] as [(String, Int64?)])
    func readsSizes(_ text: String, _ expected: Int64?) {
        #expect(Quantities.bytes(text) == expected)
    }

    @Test func suggestsTheNearestName() {
        #expect(Suggestion.nearest(to: "gzipp", among: ["zstd", "gzip"]) == "gzip")
        #expect(Suggestion.nearest(to: "ehader", among: ["header", "handle"]) == "header")
        #expect(Suggestion.nearest(to: "xyz", among: ["header"]) == nil)
    }

    @Test func matchesCertificateWildcards() {
        #expect(CertificateNames.matches("a.example.com", wildcard: "*.example.com"))
        #expect(!CertificateNames.matches("a.b.example.com", wildcard: "*.example.com"))
        #expect(CertificateNames.isInternal("10.1.2.3"))
        #expect(!CertificateNames.isInternal("10.example.com"))
    }
}
