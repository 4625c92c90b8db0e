// Reading one server of a configuration: strictness, defaults, durations.
import Base
import Testing

@testable import Server

@Suite struct ServerConfigurationTests {
    private func read(_ json: String) throws -> ServerConfiguration {
        try ServerConfiguration(name: "srv0", JSONValue(parsing: json))
    }

    @Test func anEmptyServerHasTheDefaults() throws {
        let server = try read("{}")
        #expect(server.listen.isEmpty)
        #expect(server.timeouts.head == Limits.headTimeout)
        #expect(server.headBytesMax == Limits.headBytesMax)
        #expect(server.trustedRanges == nil)
        #expect(!server.isTrustStrict)
        #expect(server.clientIPFields == ["X-Forwarded-For"])
        #expect(!server.automaticHTTPS.isDisabled)
    }

    @Test func timesAreNanosecondsOrTextsAndNoneIsForever() throws {
        let server = try read(
            """
            {"read_header_timeout": "1m30s", "read_timeout": 5000000000, "write_timeout": 0,
             "idle_timeout": "250ms"}
            """)
        #expect(server.timeouts.head == 90 * Limits.second)
        #expect(server.timeouts.bodyIdle == 5 * Limits.second)
        #expect(server.timeouts.writeIdle == .max)
        #expect(server.timeouts.keepAlive == Limits.second / 4)
    }

    @Test(arguments: [(1, 1024), (4096, 4096), (1 << 40, Limits.messageBlockBytesMax / 2)])
    func theSizeOfHeadsStaysInBounds(_ asked: Int, _ given: Int) throws {
        #expect(try read("{\"max_header_bytes\": \(asked)}").headBytesMax == given)
    }

    @Test func trustedProxiesAreRead() throws {
        let server = try read(
            """
            {"trusted_proxies": {"source": "static", "ranges": ["10.0.0.0/8"]},
             "trusted_proxies_strict": 1, "client_ip_headers": ["X-Real-IP", "X-Forwarded-For"]}
            """)
        #expect(server.trustedRanges == ["10.0.0.0/8"])
        #expect(server.isTrustStrict)
        #expect(server.clientIPFields == ["X-Real-IP", "X-Forwarded-For"])
    }

    @Test(arguments: [
        ("{\"lisen\": []}", "apps.http.servers.srv0: unknown member \"lisen\""),
        ("[]", "apps.http.servers.srv0: expected an object"),
        ("{\"listen\": \":80\"}", "apps.http.servers.srv0.listen: expected an array of texts"),
        ("{\"listen\": [80]}", "apps.http.servers.srv0.listen: expected an array of texts"),
        (
            "{\"idle_timeout\": \"soon\"}",
            "apps.http.servers.srv0.idle_timeout: expected a duration"
        ),
        ("{\"idle_timeout\": -1}", "apps.http.servers.srv0.idle_timeout: expected a duration"),
        ("{\"max_header_bytes\": \"1\"}", "srv0.max_header_bytes: expected a whole number"),
        ("{\"trusted_proxies\": {\"source\": \"cloud\"}}", "unknown source \"cloud\""),
        (
            "{\"trusted_proxies\": {\"source\": \"static\", \"range\": []}}",
            "srv0.trusted_proxies: unknown member \"range\""
        ),
        ("{\"automatic_https\": {\"off\": true}}", "srv0.automatic_https: unknown member \"off\""),
        ("{\"automatic_https\": {\"disable\": 1}}", "disable: expected true or false"),
        ("{\"protocols\": [\"h1\", \"spdy\"]}", "unknown protocol \"spdy\""),
        ("{\"protocols\": [\"h2\"]}", "a server without h1 is not supported yet"),
    ])
    func whatIsNotUnderstoodIsRefusedWithItsPlace(_ json: String, _ message: String) {
        let error = #expect(throws: ServerError.self) { try read(json) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func aMemberThatIsNullIsAbsent() throws {
        #expect(try read("{\"idle_timeout\": null}").timeouts.keepAlive == Limits.keepAliveTimeout)
    }
}

@Suite struct ConfigDurationTests {
    @Test(
        arguments: [
            ("1ns", 1), ("3us", 3_000), ("3µs", 3_000), ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000), ("2h", 7_200_000_000_000), ("1d", 86_400_000_000_000),
            ("1h0m0.5s", 3_600_500_000_000), ("0s", 0),
        ] as [(String, Int64)])
    func unitsAddUp(_ text: String, _ nanoseconds: Int64) {
        #expect(ConfigDuration.parse(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "5", "s", "1x", "1.2.3s", "1 s", "-5s", "1s2", "1e3s", "½s", "99999999d", "infs",
    ])
    func otherTextsAreNone(_ text: String) {
        #expect(ConfigDuration.parse(text) == nil)
    }
}
