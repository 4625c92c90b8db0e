// The access record: Caddy's shape, grouped headers, redacted credentials.
import Base
import Testing

@testable import Logging

@Suite struct AccessRecordTests {
    private let text = Texts()

    private func access(
        status: UInt16 = 200, tls: Bool = false, logCredentials: Bool = false,
        request: [(String, String)], response: [(String, String)] = []
    ) throws -> JSONValue {
        let head = AccessRequest(
            remoteIP: text("192.0.2.7"), remotePort: 54321, clientIP: text("198.51.100.9"),
            httpVersion: text("HTTP/1.1"), method: text("POST"), host: text("api.example.com"),
            uri: text("/v1/chat?x=\u{1B}[1m"),
            tls: tls
                ? AccessTLS(
                    resumed: true, version: 772, cipherSuite: 4865, negotiatedProtocol: text("h2"),
                    serverName: text("api.example.com")) : nil)
        let outcome = AccessOutcome(
            bytesRead: 17, userID: text(""), durationNanoseconds: 2_500_000, size: 12,
            status: status)
        let line = jsonLine(level: outcome.level) { record in
            record.beginRequest(head)
            for (name, value) in request { record.header(name: text(name), value: text(value)) }
            record.endRequest(head, logCredentials: logCredentials)
            record.beginResponse(outcome)
            for (name, value) in response { record.header(name: text(name), value: text(value)) }
            record.endResponse(logCredentials: logCredentials)
        }
        return try JSONValue(parsing: line)
    }

    @Test func hasTheShapeOfCaddy() throws {
        let record = try access(
            tls: true,
            request: [
                ("Host", "api.example.com"), ("accept", "a"), ("user-agent", "t"), ("Accept", "b"),
            ],
            response: [("content-type", "text/plain")])
        let request: JSONValue = [
            "remote_ip": "192.0.2.7", "remote_port": "54321", "client_ip": "198.51.100.9",
            "proto": "HTTP/1.1", "method": "POST", "host": "api.example.com",
            "uri": "/v1/chat?x=\u{1B}[1m",
            "headers": ["Accept": ["a", "b"], "User-Agent": ["t"]],
            "tls": [
                "resumed": true, "version": 772, "cipher_suite": 4865, "proto": "h2",
                "server_name": "api.example.com",
            ],
        ]
        #expect(record["request"] == request)
        #expect(record["bytes_read"] == 17)
        #expect(record["user_id"] == "")
        #expect(record["duration"] == .double(0.0025))
        #expect(record["size"] == 12)
        #expect(record["status"] == 200)
        #expect(record["resp_headers"] == ["Content-Type": ["text/plain"]])
    }

    @Test(arguments: [(200 as UInt16, LogLevel.info), (404, .info), (499, .info), (500, .error)])
    func levelFollowsTheStatus(status: UInt16, level: LogLevel) throws {
        let record = try access(status: status, request: [])
        #expect(record["level"]?.stringValue == "\(level.lowerName)")
    }

    @Test(arguments: [
        "Cookie", "cookie", "Set-Cookie", "AUTHORIZATION", "Proxy-Authorization", "X-Api-Key",
        "api-key", "x-goog-api-key", "X-ApiKey", "X-Auth-Token", "X-Amz-Security-Token",
    ])
    func redactsCredentials(name: String) throws {
        let lines = [(name, "s3cret"), (name, "s3cret too"), ("X-Other", "visible")]
        let record = try access(request: lines, response: lines)
        for headers in [record["request"]?["headers"], record["resp_headers"]] {
            let values = try #require(headers?.objectValue)
            #expect(values["X-Other"] == ["visible"])
            #expect(values.count == 2)
            #expect(values.filter { $0.key != "X-Other" }.values.first == ["REDACTED"])
        }
        #expect(!record.serialized().contains("s3cret"))
    }

    @Test func showsCredentialsWhenAskedTo() throws {
        let record = try access(logCredentials: true, request: [("cookie", "a=b")])
        #expect(record["request"]?["headers"]?["Cookie"] == ["a=b"])
    }

    @Test func keepsHeadersThatOnlyLookLikeCredentials() throws {
        let record = try access(request: [("X-Keyboard", "a"), ("Monkey", "b")])
        #expect(record["request"]?["headers"] == ["X-Keyboard": ["a"], "Monkey": ["b"]])
    }

    @Test func manyLargeHeadersStayOneBoundedRecord() throws {
        let large = String(repeating: "\u{1}", count: 4000)
        let record = try access(request: (0..<256).map { ("X-\($0)", large) })
        #expect(record["truncated"] == true)
        #expect(record["status"] == 200)
        #expect(record.serialized().utf8.count < 2 * Limits.logRecordBytesMax)
    }
}
