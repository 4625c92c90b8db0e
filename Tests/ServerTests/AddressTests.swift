// Texts that name sockets: what a server listens on, what an upstream is dialled at.
import Testing

@testable import Server

@Suite struct AddressTests {
    @Test(arguments: [
        (":443", ["", "443"]), ("127.0.0.1:8080", ["127.0.0.1", "8080"]),
        ("[::1]:80", ["::1", "80"]), ("tcp/localhost:1", ["localhost", "1"]),
        ("tcp4/:65535", ["", "65535"]), ("tcp6/[::]:80", ["::", "80"]),
        ("unix//run/gw.sock", ["/run/gw.sock", "0"]), ("unix/gw.sock|0220", ["gw.sock", "0"]),
    ])
    func aListenAddressHasHostAndPort(_ text: String, _ parts: [String]) throws {
        let found = try ListenAddress.parse(text)
        #expect(found.map { [$0.address, "\($0.port)"] } == [parts])
        #expect(found.allSatisfy { $0.isUnix == text.hasPrefix("unix/") && $0.text == text })
    }

    @Test func aRangeOfPortsIsOneAddressEach() throws {
        #expect(try ListenAddress.parse("127.0.0.1:8000-8002").map(\.port) == [8000, 8001, 8002])
        #expect(try ListenAddress.parse(":65535-65535").map(\.port) == [65535])
    }

    @Test(arguments: [
        ("", "has no port"), ("8080", "has no port"), ("localhost", "has no port"),
        (":", "a port that is no number"), (":http", "a port that is no number"),
        (":65536", "a port that is no number"), (":90-80", "a port that is no number"),
        (":80-", "a port that is no number"), (":-80-90", "a port that is no number"),
        ("udp/:53", "a network that is not supported"), ("unix/", "has no path"),
        ("unix/|0222", "has no path"),
    ])
    func otherListenAddressesAreRefused(_ text: String, _ reason: String) {
        let error = #expect(throws: ServerError.self) { try ListenAddress.parse(text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("\"\(text)\"") == true)
    }

    @Test func aSocketPathThatIsTooLongIsRefused() throws {
        let path = String(repeating: "x", count: 200)
        let address = try #require(try ListenAddress.parse("unix/\(path)").first)
        #expect(throws: ServerError.self) { try address.resolve() }
    }

    @Test(arguments: [
        ("localhost:8080", DialTarget.host("localhost", port: 8080)),
        ("127.0.0.1:1", .host("127.0.0.1", port: 1)), (":9000", .host("localhost", port: 9000)),
        ("[2001:db8::1]:443", .host("2001:db8::1", port: 443)),
        ("unix//run/app.sock", .unix("/run/app.sock")), ("unix/app.sock", .unix("app.sock")),
    ])
    func aDialTextNamesATarget(_ text: String, _ target: DialTarget) {
        #expect(DialTarget(text) == target)
    }

    @Test(arguments: [
        "", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:-1",
        "localhost:80a", "::1:80", "http://localhost:80", "local host:80", "a\r\nb:80", "unix/",
    ])
    func otherDialTextsNameNone(_ text: String) {
        #expect(DialTarget(text) == nil)
    }
}
