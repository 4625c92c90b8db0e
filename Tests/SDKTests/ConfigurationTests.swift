// JSON and strict configuration reading.
import PluginSDK
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) throws(PluginError) -> JSONValue {
        try text.withBytes { (bytes) throws(PluginError) in try JSONValue(parsing: bytes) }
    }

    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,-2,3.5]", #"{"a":{"b":[null,"c"]}}"#, #""\n\"\\é""#,
    ])
    func writesWhatItRead(_ text: String) throws {
        #expect(try parse(text).serialized == text)
    }

    @Test func readsEscapes() throws {
        #expect(try parse(#""\u0041\ud83d\ude00\/""#) == "A😀/")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "-", "tru", "\"\u{1}\"", #""\x""#, #""\ud800""#,
        "1 2", #"{"a":1,"a":2}"#, "nul", "+1", ".5", String(repeating: "[", count: 300),
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect((try? parse(text)) == nil)
    }
}

@Suite struct ConfigurationTests {
    private static func problem(
        _ value: JSONValue, _ read: (inout Configuration) throws(PluginError) -> Void
    ) -> PluginError? {
        do throws(PluginError) {
            var configuration = try Configuration(value, path: "")
            try read(&configuration)
            try configuration.finish()
            return nil
        } catch {
            return error
        }
    }

    @Test func refusesMembersThatNobodyRead() {
        let problem = Self.problem(["statuss": 1, "b": 2]) { (reader) throws(PluginError) in
            _ = try reader.int("status")
            _ = try reader.int("b")
        }
        #expect(problem?.message == #"unknown member "statuss" in the configuration"#)
        #expect(problem?.hint == #"did you mean "status"?"#)
    }

    @Test func namesThePathOfAWrongType() {
        let problem = Self.problem(["a": [["b": "x"]]]) { (reader) throws(PluginError) in
            _ = try reader.objects("a") { (entry) throws(PluginError) in try entry.int("b") }
        }
        #expect(problem?.message == "a[0].b is a string, expected a whole number")
    }

    @Test func acceptsWhatWasRead() {
        let problem = Self.problem(["a": 1, "b": .null]) { (reader) throws(PluginError) in
            _ = try reader.int("a")
            _ = try reader.string("b")
        }
        #expect(problem == nil)
    }
}
