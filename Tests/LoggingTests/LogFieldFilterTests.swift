// The `filter` encoder: each edit, on plain fields, nested ones and arrays.
import Base
import Testing

@testable import Logging

@Suite struct LogFieldFilterTests {
    private func filtered(_ path: String, _ edit: JSONValue) throws -> JSONValue {
        let json = JSONValue.object(["fields": .object([path: edit])])
        var reader = try ConfigReader(json, path: "encoder")
        let filter = try LogFieldFilter(&reader)
        let line = jsonLine(filter: filter) { record in
            record.field("first", "a\"\\\n\u{1B}é")
            record.beginObject("request")
            record.field("remote_ip", "192.0.2.77")
            record.field("uri", "/v1?key=s3cret&model=x&%6Bey=more&flag")
            record.beginObject("headers")
            record.beginArray("Cookie")
            withBytes("session=s3cret; theme=dark;session=2", record.value)
            record.endArray()
            record.beginArray("X-Forwarded-For")
            withBytes("2001:db8:1:2::3, 198.51.100.9, unknown", record.value)
            record.endArray()
            record.endObject()
            record.endObject()
            record.field("size", 12)
            record.beginArray("list")
            record.endArray()
            record.beginObject("empty")
            record.endObject()
            record.field("last", true)
        }
        return try JSONValue(parsing: line)
    }

    @Test func leavesOtherFieldsAsTheyAre() throws {
        let record = try filtered("nothing", ["filter": "delete"])
        #expect(record["first"] == "a\"\\\n\u{1B}é")
        let cookies: JSONValue = ["session=s3cret; theme=dark;session=2"]
        #expect(record["request"]?["headers"]?["Cookie"] == cookies)
        #expect(record["size"] == 12)
        #expect(record["list"] == [])
        #expect(record["empty"] == [:])
        #expect(record["last"] == true)
    }

    @Test(arguments: [
        "first", "request", "request>uri", "request>headers", "request>headers>Cookie", "size",
        "list", "empty", "last",
    ])
    func deletesAnyField(path: String) throws {
        let whole = try filtered("nothing", ["filter": "delete"])
        let record = try filtered(path, ["filter": "delete"])
        func find(_ record: JSONValue) -> JSONValue? {
            path.split(separator: ">").reduce(record) { $0?[String($1)] }
        }
        #expect(find(whole) != nil)
        #expect(find(record) == nil)
        #expect(record["msg"] == "msg")
    }

    @Test func replacesValuesOfEveryType() throws {
        let edit: JSONValue = ["filter": "replace", "value": "X\""]
        #expect(try filtered("first", edit)["first"] == "X\"")
        #expect(try filtered("size", edit)["size"] == "X\"")
        #expect(try filtered("request", edit)["request"] == "X\"")
        let headers = try filtered("request>headers>cookie", edit)["request"]?["headers"]
        #expect(headers?["Cookie"] == ["X\""])
    }

    @Test func renamesAField() throws {
        let record = try filtered("request>uri", ["filter": "rename", "name": "target"])
        #expect(record["request"]?["uri"] == nil)
        #expect(record["request"]?["target"] != nil)
    }

    @Test func masksAddresses() throws {
        let edit: JSONValue = ["filter": "ip_mask", "ipv4_cidr": 20, "ipv6_cidr": 36]
        #expect(try filtered("request>remote_ip", edit)["request"]?["remote_ip"] == "192.0.0.0")
        let forwarded = try filtered("request>headers>X-Forwarded-For", edit)["request"]?["headers"]
        #expect(forwarded?["X-Forwarded-For"] == ["2001:db8::, 198.51.96.0, unknown"])
    }

    @Test func editsQueryParametersInEverySpelling() throws {
        let deleted = try filtered(
            "request>uri",
            ["filter": "query", "actions": [["type": "delete", "parameter": "key"]]])
        #expect(deleted["request"]?["uri"] == "/v1?model=x&flag")
        let replaced = try filtered(
            "request>uri",
            [
                "filter": "query",
                "actions": [["type": "replace", "parameter": "key", "value": "REDACTED"]],
            ])
        #expect(replaced["request"]?["uri"] == "/v1?key=REDACTED&model=x&%6Bey=REDACTED&flag")
    }

    @Test func editsCookies() throws {
        let record = try filtered(
            "request>headers>Cookie",
            ["filter": "cookie", "actions": [["type": "delete", "name": "session"]]])
        #expect(record["request"]?["headers"]?["Cookie"] == ["theme=dark"])
    }
}

@Suite struct LogTextFilterTests {
    /// Stands in for SHA-256 and RE2: the first letters, and one literal that is replaced.
    private let tools = LogTextTools(
        digest: { Array(($0 + "....").utf8) },
        compile: { pattern in
            pattern == "("
                ? .failure(LogError("missing )"))
                : .success { text, value in
                    text.split(separator: pattern, omittingEmptySubsequences: false)
                        .joined(separator: value)
                }
        },
        expand: { .success($0.split(separator: "{env.NODE}").joined() + "node-7") })

    private func filtered(_ edit: JSONValue) throws -> JSONValue {
        let json = JSONValue.object(["fields": ["text": edit, "list": edit]])
        var reader = try ConfigReader(json, path: "encoder")
        let filter = try LogFieldFilter(&reader, tools: tools)
        return try JSONValue(
            parsing: jsonLine(filter: filter) { record in
                record.field("text", "abcd=1; Path=/")
                record.beginArray("list")
                for text in ["abcd=1; Path=/", "efgh=2; Secure"] { withBytes(text, record.value) }
                record.endArray()
                record.field("number", 5)
            })
    }

    @Test func hashesTextsAndEachOfAList() throws {
        let record = try filtered(["filter": "hash"])
        #expect(record["text"] == "61626364")
        #expect(record["list"] == ["61626364", "65666768"])
    }

    @Test func replacesMatchesInOrder() throws {
        let once = try filtered(["filter": "regexp", "regexp": "abcd", "value": "x"])
        #expect(once["text"] == "x=1; Path=/")
        let twice = try filtered([
            "filter": "multi_regexp",
            "operations": [
                ["regexp": "abcd", "value": "x"], ["regexp": "x=", "value": "y="],
            ],
        ])
        #expect(twice["list"] == ["y=1; Path=/", "efgh=2; Secure"])
    }

    @Test func editsSetCookiesAndKeepsTheirAttributes() throws {
        let actions: JSONValue = [
            ["type": "hash", "name": "abcd"], ["type": "delete", "name": "efgh"],
        ]
        let record = try filtered(["filter": "set_cookie", "actions": actions])
        #expect(record["list"] == ["abcd=312e2e2e; Path=/"])
        #expect(record["text"] == "abcd=312e2e2e; Path=/")
    }

    @Test(arguments: [
        ("(", "encoder.fields.text.regexp: missing )")
    ])
    func namesThePlaceOfAWrongPattern(pattern: String, message: String) throws {
        let error = #expect(throws: LogError.self) {
            try filtered(["filter": "regexp", "regexp": .string(pattern)])
        }
        #expect(error?.description.hasSuffix(".regexp: missing )") == true)
    }

    /// The encoder of a log and one line of it.
    private func line(_ encoder: JSONValue) throws -> JSONValue {
        let config = try LogEncoderConfig(
            try ConfigReader(encoder, path: "encoder"), tools: tools)
        let (before, after) = (LogBuffer(), LogBuffer())
        let record = LogRecord()
        record.begin(level: .info, time: 0)
        record.field("own", "abcd")
        record.end()
        LogAppendedFields.join(config.appended.filtered, record.fields.bytes, into: before)
        let edited = LogBuffer()
        config.filter?.rewrite(before.bytes, into: edited)
        LogAppendedFields.join(
            config.appended.plain, config.filter == nil ? before.bytes : edited.bytes, into: after)
        return try JSONValue(parsing: "{" + String(decoding: after.bytes, as: UTF8.self) + "}")
    }

    @Test func appendsFieldsInFrontOfOthers() throws {
        let record = try line([
            "format": "append", "fields": ["node": "{env.NODE}", "replica": 2, "canary": true],
        ])
        #expect(record == ["node": "node-7", "replica": 2, "canary": true, "own": "abcd"])
    }

    @Test func aFilterInsideOfAppendSeesItsFields() throws {
        let hash: JSONValue = ["node": ["filter": "hash"], "own": ["filter": "hash"]]
        let inside = try line([
            "format": "append", "fields": ["node": "a"],
            "wrap": ["format": "filter", "fields": hash],
        ])
        #expect(inside == ["node": "612e2e2e", "own": "61626364"])
        let outside = try line([
            "format": "filter", "fields": hash,
            "wrap": ["format": "append", "fields": ["node": "a"]],
        ])
        #expect(outside == ["node": "a", "own": "61626364"])
    }
}

@Suite struct LogNetTests {
    @Test(arguments: [
        ("127.0.0.1:514", LogNetOptions.Place.stream(host: "127.0.0.1", port: "514")),
        ("tcp/[::1]:514", .stream(host: "::1", port: "514")),
        ("udp/logs:514", .datagrams(host: "logs", port: "514")),
        ("unix//run/log.sock", .unix("/run/log.sock")),
    ])
    func readsAddresses(text: String, place: LogNetOptions.Place) {
        #expect(LogNetOptions.place(text) == place)
    }

    @Test(arguments: ["", "host", "host:0", "host:x", ":514", "sctp/host:1", "unix/", "tcp/a/b:1"])
    func refusesWhatIsNoAddress(text: String) {
        #expect(LogNetOptions.place(text) == nil)
    }
}
