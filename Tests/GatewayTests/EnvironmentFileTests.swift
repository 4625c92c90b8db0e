// Reading files of environment variables.
import Commands
import Testing

@testable import Gateway

@Suite struct EnvironmentFileTests {
    private func parse(_ text: String) throws -> [String] {
        try EnvironmentFile.parse(text, "file").map { "\($0.name)=\($0.value)" }
    }

    @Test(arguments: [
        ("A=b", ["A=b"]),
        ("  export A= b  ", ["A=b"]),
        ("# A=b\n\nC=d\r\nE=", ["C=d", "E="]),
        ("A=b # comment", ["A=b"]),
        ("A=b#c", ["A=b#c"]),
        ("A=b=c", ["A=b=c"]),
        (#"A="b # c""#, ["A=b # c"]),
        (#"A="b \" \n c""#, [#"A=b " \n c"#]),
        (#"A='b \" c'"#, [#"A=b \" c"#]),
        ("A=\"b\nc\"\nD=e", ["A=b\nc", "D=e"]),
    ])
    func reads(text: String, variables: [String]) throws {
        #expect(try parse(text) == variables)
    }

    @Test(arguments: [
        ("A=b\nC", "file:2: expected NAME=value"),
        ("A B=c", "file:1: expected a name without spaces before '='"),
        ("=c", "file:1: expected a name without spaces before '='"),
        ("A=b\nC=\"d\ne", "file:2: quote is never closed"),
    ])
    func namesTheLineOfAMistake(text: String, message: String) {
        #expect(throws: CommandError(message: message)) { try parse(text) }
    }
}
