// What a line looks like: escaping, numbers, times, JSON and console form.
import Base
import Testing

@testable import Logging

@Suite struct EncodingTests {
    static let hostileBytes: [[UInt8]] = [
        [], [0], [0x1F], [0x7F], Array("\"".utf8), Array("\\".utf8), Array("\\u0041".utf8),
        Array("a\r\nlevel: error".utf8), Array("\u{1B}[2J\u{1B}]0;x\u{7}".utf8),
        [0xC2, 0x9B, 0x31],
        [0xC0, 0x80], [0xC1], [0xC2], [0xE2, 0x80], [0xE2, 0x80, 0xA8], [0xED, 0xA0, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x80], [0xFF, 0xFE],
        Array("\u{202E}gnp.exe".utf8), Array("\u{2066}x".utf8), [0xE0, 0x80, 0x80], [0xF8],
        Array("\",\"level\":\"fatal".utf8), Array("{\"a\":[1,2]}".utf8),
        Array("ünïcödé €".utf8),
    ]

    /// Every position that takes bytes from outside.
    private static func line(_ bytes: [UInt8], format: LogLineFormat = .json) -> String {
        jsonLine(message: bytes, logger: bytes, format: format) { record in
            bytes.withUnsafeBytes { raw in
                record.field("before", raw)
                record.key(bytes: raw)
                record.value(raw)
                record.beginArray("list")
                record.value(raw)
                record.value(7)
                record.endArray()
                record.beginObject("nested")
                record.field("inner", raw)
                record.endObject()
                record.beginHeaders()
                record.header(name: raw, value: raw)
                record.header(name: raw, value: raw)
                record.endHeaders("headers")
            }
        }
    }

    private static func check(_ bytes: [UInt8]) throws {
        let line = line(bytes)
        let printable = line.dropLast().unicodeScalars.allSatisfy { scalar in
            !(0x00...0x1F).contains(scalar.value) && !(0x7F...0x9F).contains(scalar.value)
        }
        #expect(line.hasSuffix("\n") && printable, "\(bytes)")
        let record = try JSONValue(parsing: line)
        // Escaping loses nothing but bytes that are no UTF-8.
        let expected = String(decoding: bytes, as: UTF8.self).replacing("\u{FFFD}", with: "")
        #expect(record["before"]?.stringValue?.replacing("\u{FFFD}", with: "") == expected)
        #expect(record["level"] == "info")
        #expect(record["list"]?.arrayValue?.count == 2)
        let console = Self.line(bytes, format: .console(isTerminal: false))
        #expect(console.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        #expect(!console.contains("\u{1B}"))
    }

    @Test(arguments: hostileBytes)
    func everyLineIsOneJSONObjectWhateverTheBytes(bytes: [UInt8]) throws {
        try Self.check(bytes)
    }

    @Test func everyLineParsesForRandomBytes() throws {
        var random = Generator(state: 42)
        let marks: [UInt8] = Array("\"\\\n\u{1B}A-".utf8) + [0xC2, 0x9B, 0xE2, 0x80, 0xF0, 0x9F]
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<24, using: &random)
            let bytes = (0..<count).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: .min ... .max, using: &random)
                    : marks.randomElement(using: &random) ?? 0
            }
            try Self.check(bytes)
        }
    }

    @Test func invalidBytesBecomeReplacementCharacters() {
        let line = jsonLine { record in
            ([0x61, 0xFF, 0x62] as [UInt8]).withUnsafeBytes { record.field("x", $0) }
        }
        #expect(line.contains(#""x":"a\ufffdb""#))
    }

    @Test func writesCaddysKeysInOrder() {
        let line = jsonLine(message: Array("served \"x\"".utf8), level: .warn) { record in
            record.field("text", "a")
            record.field("int", -5)
            record.field("unsigned", unsigned: .max)
            record.field("double", 0.25)
            record.field("whole", 3.0)
            record.field("nan", Double.nan)
            record.field("truth", true)
            record.field("duration", nanoseconds: 1_500_000_000)
            record.field("short", nanoseconds: 42_000)
            record.field("negative", nanoseconds: -1)
        }
        #expect(
            line == #"{"level":"warn","ts":1795178096.789,"logger":"test","msg":"served \"x\"","#
                + #""text":"a","int":-5,"unsigned":18446744073709551615,"double":0.25,"whole":3,"#
                + #""nan":"NaN","truth":true,"duration":1.5,"short":0.000042,"#
                + #""negative":-0.000000001}"# + "\n")
    }

    @Test func writesTheConsoleFormOfCaddy() {
        let line = jsonLine(
            message: Array("served \"it\"\n".utf8), logger: Array("http.log.access".utf8),
            format: .console(isTerminal: false)
        ) { record in
            record.field("a", 1)
            record.field("b", "x:y, \\\" z")
        }
        #expect(
            line == "2026/11/20 12:34:56.789\tINFO\thttp.log.access\tserved \"it\"\\n\t"
                + #"{"a": 1, "b": "x:y, \\\" z"}"# + "\n")
    }

    @Test func consoleWithoutFieldsEndsAfterTheMessage() {
        let line = jsonLine(logger: [], format: .console(isTerminal: true)) { _ in }
        #expect(line == "2026/11/20 12:34:56.789\t\u{1B}[34mINFO\u{1B}[0m\tmsg\n")
    }

    @Test(arguments: [
        ("unix_seconds_float", "1795178096.789"), ("unix_milli_float", "1795178096789"),
        ("unix_nano", "1795178096789000000"), ("iso8601", "\"2026-11-20T12:34:56.789Z\""),
        ("rfc3339", "\"2026-11-20T12:34:56Z\""), ("rfc3339_nano", "\"2026-11-20T12:34:56.789Z\""),
        ("wall", "\"2026/11/20 12:34:56\""), ("wall_milli", "\"2026/11/20 12:34:56.789\""),
        ("wall_nano", "\"2026/11/20 12:34:56.789000000\""),
        ("common_log", "\"20/Nov/2026:12:34:56 +0000\""),
    ])
    func writesEveryTimeFormat(name: String, expected: String) throws {
        var format = LogLineFormat.json
        format.timeFormat = try #require(LogTimeFormat(rawValue: name))
        #expect(jsonLine(format: format) { _ in }.contains("\"ts\":\(expected),"))
    }

    @Test func emptyKeysLeaveTheirValuesOut() {
        var format = LogLineFormat.json
        format.levelKey = ""
        format.timeKey = ""
        format.nameKey = ""
        format.messageKey = ""
        #expect(jsonLine(format: format) { $0.field("a", 1) } == "{\"a\":1}\n")
    }

    @Test func cutsAHugeRecordAndSaysSo() throws {
        let huge = [UInt8](repeating: 0x01, count: 200_000)
        let line = jsonLine { record in
            huge.withUnsafeBytes { record.field("huge", $0) }
            record.field("after", "text")
        }
        #expect(line.utf8.count < Limits.logRecordBytesMax + 1024)
        #expect(try JSONValue(parsing: line)["truncated"] == true)
    }

    @Test func buffersAreReusedWithoutGrowing() {
        let buffer = LogBuffer(capacity: 8)
        buffer.append("0123456789")
        buffer.removeFirst(8)
        #expect(Array(buffer.bytes) == Array("89".utf8))
        buffer.truncate(to: 1)
        #expect(Array(buffer.bytes) == Array("8".utf8))
    }
}
