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
