// The JSON interface of plugins: strict parsing and look-ups.
import Base
import CGateway
import Testing

@testable import Services

@Suite struct JSONDocumentTests {
    private let table = JSONInterface.makeTable().pointee

    private func open(_ text: String) -> (status: gw_status, handle: gw_json) {
        var text = text
        var handle: gw_json = 0
        let status = text.withUTF8 {
            table.open(gw_view(ptr: $0.baseAddress, len: $0.count), &handle)
        }
        return (status, handle)
    }

    private func get(_ handle: gw_json, _ pointer: String) -> (
        status: gw_status, value: gw_json_value
    ) {
        var pointer = pointer
        var value = gw_json_value()
        let status = pointer.withUTF8 {
            table.get(handle, gw_view(ptr: $0.baseAddress, len: $0.count), &value)
        }
        return (status, value)
    }

    private func text(_ view: gw_view) -> String { String(decoding: view.bytes, as: UTF8.self) }

    @Test func findsMembersAndElementsByPointer() throws {
        let document = open(
            #"{"model": "gpt", "messages": [{"role": "user"}, {"n": 12345678901234567890}], "a/b~": true}"#
        )
        #expect(document.status == GW_OK)
        defer { table.close(document.handle) }
        #expect(text(get(document.handle, "/model").value.text) == "gpt")
        #expect(text(get(document.handle, "/messages/0/role").value.text) == "user")
        #expect(text(get(document.handle, "/messages/1/n").value.text) == "12345678901234567890")
        #expect(get(document.handle, "/messages").value.count == 2)
        #expect(get(document.handle, "/a~1b~0").value.integer == 1)
        #expect(get(document.handle, "").value.type == UInt32(GW_JSON_OBJECT))
        for missing in [
            "/messages/2", "/messages/01", "/messages/-", "/x", "model", "/model/x", "/a~2",
        ] {
            #expect(get(document.handle, missing).status == GW_E_NOT_FOUND, "\(missing)")
        }
    }

    @Test func listsNamesInSortedOrder() {
        let document = open(#"{"b": 1, "a": {"x": 2}, "c": 3}"#)
        defer { table.close(document.handle) }
        var names: [String] = []
        var name = gw_view()
        for index in UInt32(0)..<3 {
            #expect(table.name(document.handle, gw_view(ptr: nil, len: 0), index, &name) == GW_OK)
            names.append(text(name))
        }
        #expect(names == ["a", "b", "c"])
        #expect(table.name(document.handle, gw_view(ptr: nil, len: 0), 3, &name) == GW_E_NOT_FOUND)
    }

    @Test func unescapesStrings() {
        let document = open(#"["a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"]"#)
        defer { table.close(document.handle) }
        #expect(text(get(document.handle, "/0").value.text) == "a\"\\/\u{8}\u{c}\n\r\té\u{e9}😀")
    }

    @Test(arguments: [
        ("0", Int64(0), 0.0), ("-12", -12, -12), ("1e2", 100, 100), ("1.5", 0, 1.5),
        ("9223372036854775807", Int64.max, 9.223372036854775807e18),
    ])
    func readsNumbers(text: String, integer: Int64, number: Double) {
        let document = open(text)
        defer { table.close(document.handle) }
        let value = get(document.handle, "").value
        #expect(value.integer == integer)
        #expect(value.number == number)
        #expect(self.text(value.text) == text)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "01", "-",
        "1.", ".5", "1e", "+1", "tru", "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "1 1", "{\"a\":1,\"a\":2}", "NaN",
    ])
    func refusesWhatIsNoJSON(text: String) {
        #expect(open(text).status == GW_E_INVALID)
    }

    @Test func refusesInvalidUTF8() {
        #expect(throws: JSONDocumentError.self) {
            try [0x22, 0xff, 0x22].withUnsafeBufferPointer { try JSONDocument($0) }
        }
    }

    @Test func limitsTheDepth() {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        let document = open(deep(Limits.jsonDepthMax))
        #expect(document.status == GW_OK)
        table.close(document.handle)
        #expect(open(deep(Limits.jsonDepthMax + 1)).status == GW_E_LIMIT)
    }

    @Test func closedDocumentsAreStale() {
        let document = open("1")
        table.close(document.handle)
        #expect(get(document.handle, "").status == GW_E_STALE)
        table.close(document.handle)
        let next = open("2")
        #expect(next.handle != document.handle)
        #expect(get(document.handle, "").status == GW_E_STALE)
        table.close(next.handle)
        #expect(get(0, "").status == GW_E_STALE)
    }

    @Test func truncatedAndMutatedTextsNeverTrap() throws {
        let text = Array(#"{"a": [1, -2.5e3, "x\u00e9\n", null, true], "b": {"c": ""}}"#.utf8)
        var random = SystemRandomNumberGenerator()
        for round in 0..<3000 {
            var bytes = Array(text.prefix(round % (text.count + 1)))
            if !bytes.isEmpty {
                bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0...255)
            }
            _ = bytes.withUnsafeBufferPointer { try? JSONDocument($0) }
        }
    }
}
