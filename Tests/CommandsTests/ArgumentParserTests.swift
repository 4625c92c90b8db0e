// Reading command lines.
import Commands
import Testing

@Suite struct ArgumentParserTests {
    private static let command = Command(
        name: "sample", summary: "", details: "",
        flags: [
            Flag("config", short: "c", .value("file"), ""),
            Flag("plugins", .values("folder"), ""),
            Flag("watch", short: "w", ""),
        ],
        operands: "[<file>]", operandsMax: 1, run: { _ in .success })

    private func parse(_ words: String...) throws -> ParsedArguments {
        try ParsedArguments(words, for: Self.command)
    }

    @Test(arguments: [["--config", "a"], ["--config=a"], ["-c", "a"], ["-c=a"]])
    func readsAValueInEverySpelling(words: [String]) throws {
        #expect(try ParsedArguments(words, for: Self.command).value("config") == "a")
    }

    @Test func keepsEveryValueOfARepeatableFlag() throws {
        #expect(try parse("--plugins", "a", "--plugins=b").values("plugins") == ["a", "b"])
    }

    @Test func turnsTogglesOnAndOff() throws {
        #expect(try parse("--watch").has("watch"))
        #expect(try parse("-w").has("watch"))
        #expect(try !parse("--watch=false").has("watch"))
        #expect(try !parse().has("watch"))
    }

    @Test func takesAValueThatContainsAnEqualsSign() throws {
        #expect(try parse("--config=a=b").value("config") == "a=b")
    }

    @Test func takesADashAsOperandAndAsValue() throws {
        #expect(try parse("-").operands == ["-"])
        #expect(try parse("--config", "-").value("config") == "-")
    }

    @Test func takesFlagsBehindTwoDashesAsOperands() throws {
        #expect(try parse("--", "--watch").operands == ["--watch"])
    }

    @Test(arguments: [
        (["--confg", "a"], #"unknown flag "--confg" of sample, did you mean "--config"?"#),
        (["-x"], #"unknown flag "-x" of sample, "help sample" lists its flags"#),
        (["--config"], "--config needs a value"),
        (["--config", "a", "-c", "b"], "-c is given twice"),
        (["--watch=maybe"], #"--watch is on or off, "--watch=maybe" is neither"#),
        (["a", "b"], #"unexpected argument "b" of sample"#),
    ])
    func refusesWithAReason(words: [String], message: String) {
        #expect(throws: CommandError(message: message)) {
            try ParsedArguments(words, for: Self.command)
        }
    }
}
