// The JSON `logging` object: defaults, strictness, names and levels.
import Base
import Testing

@testable import Logging

@Suite struct LoggingConfigTests {
    @Test func anEmptyConfigurationLogsInfoToStandardError() throws {
        let other: JSONValue = ["logs": ["log0": ["writer": ["output": "discard"]]]]
        for json in [nil, JSONValue.object([:]), other] {
            let log = try #require(try LoggingConfig(json).logs.last)
            #expect(log.writer == .standardError)
            #expect(log.level == .info)
            #expect(log.encoder.format(isTerminal: false).kind == .json)
            #expect(log.encoder.format(isTerminal: true).kind == .console)
        }
    }

    @Test func readsFileOptions() throws {
        let config = try LoggingConfig(
            fileLogging(
                "/x/a.log",
                writer: [
                    "mode": "0640", "dir_mode": "750", "roll_size_mb": 2, "roll_keep": 3,
                    "roll_keep_days": 4, "roll_gzip": false, "roll_local_time": true,
                ]))
        let options = LogFileOptions(
            path: "/x/a.log", mode: 0o640, directoryMode: 0o750, rollBytesMax: 2 * 1024 * 1024,
            rollKeep: 3, rollKeepDays: 4, rollGzip: false, rollLocalTime: true)
        #expect(config.logs.map(\.writer) == [.file(options)])
    }

    @Test func fileDefaultsAreCaddys() throws {
        let config = try LoggingConfig(fileLogging("/x/a.log"))
        let options = LogFileOptions(
            path: "/x/a.log", mode: 0o600, directoryMode: 0o700, rollBytesMax: 100 * 1024 * 1024,
            rollKeep: 10, rollKeepDays: 90, rollGzip: true, rollLocalTime: false)
        #expect(config.logs.map(\.writer) == [.file(options)])
        let whole = try LoggingConfig(fileLogging("/x/a.log", writer: ["roll": false]))
        guard case .file(let options) = whole.logs[0].writer else { return #expect(Bool(false)) }
        #expect(options.rollBytesMax == nil)
    }

    @Test(arguments: [
        (#"{"logz":{}}"#, "logging: unknown field \"logz\""),
        (#"{"logs":[]}"#, "logging.logs: expected an object"),
        (#"{"logs":{"a":{"levl":"INFO"}}}"#, "logging.logs.a: unknown field \"levl\""),
        (
            #"{"logs":{"a":{"level":"LOUD"}}}"#,
            "logging.logs.a.level: unknown level \"LOUD\", "
                + "expected DEBUG, INFO, WARN, ERROR, PANIC or FATAL"
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"syslog"}}}}"#,
            "logging.logs.a.writer.output: unknown writer \"syslog\", "
                + "expected stdout, stderr, discard, file or net"
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"net","address":"host"}}}}"#,
            "logging.logs.a.writer.address: expected "
                + "host:port, tcp/host:port, udp/host:port or unix/path"
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"stdout","filename":"x"}}}}"#,
            "logging.logs.a.writer: unknown field \"filename\""
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"file"}}}}"#,
            "logging.logs.a.writer.filename: expected the name of a file"
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"file","filename":"x","mode":"9"}}}}"#,
            "logging.logs.a.writer.mode: expected permissions as an octal string such as \"0600\""
        ),
        (
            #"{"logs":{"a":{"writer":{"output":"file","filename":"x","roll_compression":"lz"}}}}"#,
            "logging.logs.a.writer.roll_compression: unknown compression \"lz\""
        ),
        (
            #"{"logs":{"a":{"encoder":{"format":"logfmt"}}}}"#,
            "logging.logs.a.encoder.format: unknown encoder \"logfmt\", "
                + "expected json, console, filter or append"
        ),
        (
            #"{"logs":{"a":{"encoder":{"format":"json","time_format":"Mon 2"}}}}"#,
            "logging.logs.a.encoder.time_format: unknown time format \"Mon 2\""
        ),
        (
            #"{"logs":{"a":{"encoder":{"format":"json","duration_format":"nano"}}}}"#,
            "logging.logs.a.encoder.duration_format: \"nano\" is not supported, "
                + "durations are written in seconds"
        ),
        (
            #"{"logs":{"a":{"encoder":{"format":"filter","fields":{"uri":{"filter":"crypt"}}}}}}"#,
            "logging.logs.a.encoder.fields.uri.filter: unknown filter \"crypt\", "
                + "expected delete, rename, replace, hash, ip_mask, query, cookie, set_cookie, "
                + "regexp or multi_regexp"
        ),
        (
            #"{"logs":{"a":{"encoder":{"format":"append","fields":{"a":[1]}}}}}"#,
            "logging.logs.a.encoder.fields.a: expected a text, a number, true or false"
        ),
        (
            #"{"logs":{"a":{"include":["x"],"exclude":["x"]}}}"#,
            "logging.logs.a: \"x\" is both included and excluded"
        ),
        (
            #"{"logs":{"a":{"include":"x"}}}"#,
            "logging.logs.a.include: expected an array of strings"
        ),
        (
            #"{"logs":{"a":{"sampling":{"first":-1}}}}"#,
            "logging.logs.a.sampling.first: expected a whole number that is not negative"
        ),
    ])
    func namesWhatIsWrong(json: String, message: String) throws {
        let json = try JSONValue(parsing: json)
        #expect(throws: LogError(message)) { try LoggingConfig(json) }
    }

    @Test(arguments: [
        ([], [], "http", true), (["http"], [], "http", true), (["http"], [], "http.log", true),
        (["http"], [], "https", false), (["http.log"], [], "http", false),
        ([], ["http.log.access.log0"], "http.log.access.log0", false),
        ([], ["http.log.access.log0"], "http.log.access.log01", true),
        ([], ["http.log.access.log0"], "http.log.access", true),
        (["http"], ["http.log"], "http.log.access", false),
        (["http.log.access"], ["http.log"], "http.log.access.x", true),
        (["http.log.access"], ["http.log"], "tls", false),
    ])
    func theLongerNameDecides(
        include: [String], exclude: [String], name: String, isAllowed: Bool
    ) {
        let filter = LogNameFilter(include: include, exclude: exclude)
        #expect(filter.allows(name) == isAllowed)
    }

    @Test func samplingPassesTheFirstAndThenEveryNth() {
        var sampler = LogSampler(intervalNanoseconds: 1000, first: 2, thereafter: 3)
        func admits(_ message: StaticString, at time: LogTimestamp) -> Bool {
            sampler.admits(
                LogLine(
                    level: .info, time: time, logger: .init(start: nil, count: 0),
                    message: .init(start: message.utf8Start, count: message.utf8CodeUnitCount),
                    fields: .init(start: nil, count: 0)))
        }
        let passed = (0..<9).map { _ in admits("a", at: 5) }
        #expect(passed == [true, true, false, false, true, false, false, true, false])
        #expect(admits("b", at: 5))
        #expect(admits("a", at: 1005))
    }
}
