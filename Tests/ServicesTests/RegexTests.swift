// RE2: matching, replacing, and the handles that plugins hold.
import CGateway
import Synchronization
import Testing

@testable import Services

@Suite struct RE2PatternTests {
    private func replace(_ text: String, _ pattern: String, _ replacement: String) throws -> (
        String, Int?
    ) {
        var (text, replacement) = (text, replacement)
        var result: [UInt8] = []
        let compiled = try RE2Pattern(pattern)
        let count = text.withUTF8 { text in
            replacement.withUTF8 { replacement in
                compiled.replace(in: text, with: replacement) { piece in
                    result.append(contentsOf: piece)
                    return true
                }
            }
        }
        return (String(decoding: result, as: UTF8.self), count)
    }

    /// Expected texts are what Go's `ReplaceAllString` gives.
    @Test(arguments: [
        ("hello world", "o", "0", "hell0 w0rld", 2),
        ("hello", "x", "y", "hello", 0),
        ("abc", "", "-", "-a-b-c-", 4),
        ("baaac", "a*", "x", "xbxcx", 3),
        ("é1", "", "-", "-é-1-", 3),
        ("key=value", "(\\w+)=(\\w+)", "$2=$1", "value=key", 1),
        ("key=value", "(?P<k>\\w+)=(?P<v>\\w+)", "${v}:${k}", "value:key", 1),
        ("ab", "(a)", "$1x", "b", 1),
        ("ab", "(a)", "${1}x", "axb", 1),
        ("a", "a", "$$1 $ ${ $9", "$1 $ ${ ", 1),
        ("", "", "x", "x", 1),
    ])
    func replacesAsGoDoes(
        text: String, pattern: String, replacement: String, expected: String, count: Int
    ) throws {
        let (result, replaced) = try replace(text, pattern, replacement)
        #expect(result == expected)
        #expect(replaced == count)
    }

    @Test func reportsWhyAPatternIsWrong() {
        let error = #expect(throws: RE2Error.self) { try RE2Pattern("a(") }
        #expect(error?.description == "missing ): a(")
    }

    @Test func refusesPatternsThatAreTooLarge() {
        #expect(throws: RE2Error.self) { try RE2Pattern(String(repeating: "a", count: 20_000)) }
        #expect(throws: RE2Error.self) { try RE2Pattern("((((a{1000}){1000}){1000}){1000})") }
    }

    @Test func givesGroupsAsRanges() throws {
        let pattern = try RE2Pattern("(a)|(b)")
        var text = "xb"
        var groups: [RE2Pattern.Group] = [0..<9, 0..<9, 0..<9, 0..<9]
        let matched = text.withUTF8 { text in
            groups.withUnsafeMutableBufferPointer { pattern.firstMatch(in: text, groups: $0) }
        }
        #expect(matched)
        #expect(groups == [1..<2, nil, 1..<2, nil])
        #expect(pattern.matches("cab"))
        #expect(!pattern.matches("xyz"))
    }
}

private let reported = Mutex<[String]>([])
private let written = Mutex<[UInt8]>([])
private let releases = Mutex<[@Sendable () -> Void]>([])

@Suite(.serialized) struct RegexInterfaceTests {
    private let table: gw_host_regex
    private let scope = OpaquePointer(bitPattern: 0x1000)!
    private let out = OpaquePointer(bitPattern: 0x2000)!

    init() {
        let core = HostTable.make(
            gw_host_core(
                struct_size: UInt32(MemoryLayout<gw_host_core>.size), rev: 1,
                log: { _, _, _, _, _ in }, log_enabled: { _, _ in 0 }, now_monotonic: { 0 },
                now_wall: { 0 },
                fail: { _, diag in
                    let text = String(decoding: diag.pointee.message.bytes, as: UTF8.self)
                    reported.withLock { $0.append(text) }
                },
                warn: { _, _ in },
                out_write: { _, bytes in
                    written.withLock { $0.append(contentsOf: bytes.bytes) }
                    return GW_OK
                }, worker_count: { 1 }, environment: { _, _ in GW_E_NOT_FOUND },
                uses_file: { _, _ in GW_OK }))
        table =
            RegexInterface.makeTable(
                core: core,
                onRelease: { _, action in
                    releases.withLock { $0.append(action) }
                    return true
                },
                allocate: { _, count in
                    .allocate(byteCount: count, alignment: 16)
                }
            ).pointee
    }

    private func view(_ text: StaticString) -> gw_view {
        gw_view(ptr: text.utf8Start, len: text.utf8CodeUnitCount)
    }

    @Test func compilesMatchesAndReplaces() {
        var regex: gw_regex = 0
        #expect(table.compile(scope, view("b(.)"), &regex) == GW_OK)
        var groups = [gw_view](repeating: gw_view(), count: 3)
        #expect(table.match(regex, view("abc"), &groups, 3) == 1)
        #expect(groups.map { String(decoding: $0.bytes, as: UTF8.self) } == ["bc", "c", ""])
        #expect(table.match(regex, view("xyz"), nil, 0) == 0)
        #expect(table.replace(regex, view("abcbd"), view("<$1>"), out) == 2)
        #expect(written.withLock { String(decoding: $0, as: UTF8.self) } == "a<c><d>")
        var request = gw_req()
        var result = gw_view()
        #expect(table.replace_in(regex, &request, view("abcbd"), view("<$1>"), &result) == 2)
        #expect(String(decoding: result.bytes, as: UTF8.self) == "a<c><d>")
        result.ptr?.deallocate()
    }

    @Test func handlesEndWithTheirScope() {
        var regex: gw_regex = 0
        #expect(table.compile(scope, view("a"), &regex) == GW_OK)
        #expect(table.match(regex, view("a"), nil, 0) == 1)
        for action in releases.withLock({ actions in
            defer { actions = [] }
            return actions
        }) {
            action()
        }
        #expect(table.match(regex, view("a"), nil, 0) == 0)
        #expect(table.match(0, view("a"), nil, 0) == 0)
        #expect(table.replace(regex, view("a"), view("b"), out) == GW_E_INVALID)
        var next: gw_regex = 0
        #expect(table.compile(scope, view("a"), &next) == GW_OK)
        #expect(next != regex)
    }

    @Test func reportsWrongPatternsUnderTheScope() {
        var regex: gw_regex = 7
        #expect(table.compile(scope, view("["), &regex) == GW_E_CONFIG)
        #expect(regex == 0)
        let last = reported.withLock { $0.last }
        #expect(last == "invalid regular expression \"[\": missing ]: [")
    }
}
