// JSON values of the control plane: from text, to text.
import Testing

@testable import Base

@Suite struct JSONValueTests {
    @Test func readsEveryKindOfValue() throws {
        let value = try JSONValue(
            parsing: #" {"a": [1, -2.5, true, false, null], "b": {"": "x\u00e9\n"}, "c": []} "#)
        #expect(
            value == [
                "a": [1, .double(-2.5), true, false, .null], "b": ["": "xé\n"], "c": [],
            ])
    }

    @Test(arguments: [
        ("0", JSONValue.int(0)), ("-0", .int(0)), ("9223372036854775807", .int(.max)),
        ("1.0", .int(1)), ("1e2", .int(100)), ("1.5", .double(1.5)), ("1e-7", .double(1e-7)),
        ("18446744073709551616", .double(18_446_744_073_709_551_616)),
    ])
    func wholeNumbersThatFitAreIntegers(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "invalid JSON: line 1, column 1: expected a value"),
        ("{\n  \"a\": 1,\n  \"a\": 2}", "invalid JSON: line 3, column 10: a name comes twice"),
        ("[1,\n2", "invalid JSON: line 2, column 2: expected , or ]"),
        ("[1e999]", "invalid JSON: line 1, column 2: 1e999 is out of range"),
        ("1 2", "invalid JSON: line 1, column 3: more text behind the document"),
    ])
    func saysWhatIsWrongAndWhere(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        (
            JSONValue.object(["b": 1, "a": [true, .null], "": [:]]),
            #"{"":{},"a":[true,null],"b":1}"#
        ),
        ("a\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é😀", #""a\"\\/\b\t\n\f\r\u0001\u001f\#u{7f}é😀""#),
        (.double(1.5), "1.5"), (.double(-3), "-3"), (.double(1e-7), "1e-07"),
        (.double(1e300), "1e+300"), (.double(.infinity), "null"), (.int(.min), "\(Int64.min)"),
    ])
    func writesTextWithSortedNames(value: JSONValue, text: String) {
        #expect(value.serialized() == text)
    }

    @Test(arguments: [
        #"{"a":[{"b":[-1.25,1e+300,""]}],"z":"\u0000\"é"}"#, "[]", "{}", "null", #""/""#,
    ])
    func whatItWritesReadsTheSame(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.serialized() == text)
        #expect(try JSONValue(parsing: value.serialized()) == value)
    }
}
