// Words, quotes, heredocs, places and environment variables.
import Testing

@testable import Config

@Suite struct LexerTests {
    @Test(arguments: [
        ("a b\tc\n d", ["a", "b", "c", "d"]),
        ("a # b\nc#d #e", ["a", "c#d"]),
        (#""a b" "c\"d" "e\n" """#, ["a b", "c\"d", #"e\n"#, ""]),
        ("`a\\\"b` x\"y\"", ["a\\\"b", "x\"y\""]),
        ("a\\\nb c\\ d \\e", ["a", "b", "c", "d", "\\e"]),
        ("<<E\n  x\n    y\n\n  E z", ["x\n  y\n", "z"]),
        ("\\<<E <<x y", ["<<E", "<<x", "y"]),
        ("\u{FEFF}a\r\nb\r\n", ["a", "b"]),
        ("a\u{A0}b", ["a", "b"]),
        ("", []), ("\\", []), ("#", []),
    ])
    func splitsIntoWords(_ text: String, _ expected: [String]) throws {
        #expect(try TestSupport.tokens(text).map(\.text) == expected)
    }

    @Test func knowsWhereTokensStand() throws {
        let tokens = try TestSupport.tokens(
            "a\n\té \"x\ny\" b\n{$V}c d", environment: ["V": "12\n34"])
        #expect(tokens.map(\.location.line) == [1, 2, 2, 3, 4, 4, 4])
        #expect(tokens.map(\.location.column) == [1, 2, 4, 4, 1, 1, 7])
        #expect(tokens[1].offset == 3)
    }

    @Test func joinsContinuedLines() throws {
        let tokens = try TestSupport.tokens("a \\\n b\nc")
        #expect(!tokens[0].isFollowedByLineBreak(before: tokens[1]))
        #expect(tokens[1].isFollowedByLineBreak(before: tokens[2]))
    }

    @Test func valuesMayGiveSeveralWordsAndAreNotReplacedAgain() throws {
        let tokens = try TestSupport.tokens(
            "{$A} {$B:x y} {$C:z}", environment: ["A": "1 {$B}", "C": "c"])
        #expect(tokens.map(\.text) == ["1", "{$B}", "x", "y", "c"])
    }

    @Test(arguments: [
        ("a {$X}\nb c", "a"), ("a {$X}b c", "b"), ("a\n{$X}\nb c", "b"),
        ("a \"x{$X}\" c", "x"), ("{$X} a b", "a"), ("a b{$X:} c", "b"), ("a\nb \"{$X}\"", ""),
    ])
    func marksTheTokenNextToAnEmptyVariable(_ text: String, _ expected: String) throws {
        let marked = try TestSupport.tokens(text).filter(\.fromEmptyEnvironment)
        #expect(marked.map(\.text) == [expected])
        #expect(marked.first?.emptyVariable == "X")
    }
}
