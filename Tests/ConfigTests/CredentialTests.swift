// A variable that is unset or empty must not open a gate.
import Base
import Testing

@testable import Config

@Suite struct CredentialTests {
    @Test(arguments: [
        "header Authorization \"Bearer {$KEY}\"", "header Authorization {$KEY}",
        "header authorization \"Bearer {$KEY:}\"", "header X-Api-Key \"{$KEY}\"",
        "header_regexp Authorization \"^Bearer {$KEY}$\"", "query api_key=\"{$KEY}\"",
        "vars {http.request.header.Authorization} \"Bearer {$KEY}\"",
        "expression \"{header.Authorization} == 'Bearer {$KEY}'\"",
        "not header Cookie \"session={$KEY}\"",
    ])
    func refusesEmptyCredentialsInMatchers(_ matcher: String) {
        let text = ":80 {\n\t@ok \(matcher)\n\trespond @ok fine\n}\n"
        for environment in [[:], ["KEY": ""]] {
            let failure = TestSupport.failure(text, environment: environment)
            #expect(failure.contains("KEY is unset or empty, expected a credential"))
        }
        #expect(TestSupport.failure(text, environment: ["KEY": "k"]) == "")
    }

    @Test func warnsElsewhere() throws {
        let result = try TestSupport.adapt(":80 {\n\trespond \"x{$WORD}\"\n}\n")
        #expect(
            result.warnings.map(\.description) == [
                "Caddyfile:2:12: warning: environment variable WORD is unset or empty"
            ])
    }

    @Test func missingSnippetArgumentCounts() {
        let text =
            "(key) {\n\t@ok header Authorization \"Bearer {args[0]}\"\n\trespond @ok x\n}\n"
            + ":80 {\n\timport key {$KEY}\n}\n"
        #expect(TestSupport.failure(text).contains("KEY is unset or empty"))
    }

    @Test func variablesInCommentsDoNotCount() throws {
        let text = ":80 {\n\t@a header Authorization \"Bearer x\" # {$KEY}\n\trespond @a x\n}\n"
        #expect(try TestSupport.adapt(text).warnings.isEmpty)
    }

    @Test func vanishedVariableIsTheHintOfAnotherError() {
        let failure = TestSupport.failure(":80 {\n\t@a path {$WHERE}\n\trespond @a x\n}\n")
        #expect(
            failure.contains("expected one or more values, environment variable WHERE is unset"))
    }

    @Test(arguments: [
        ("header Authorization \"Bearer sk-1\" x", "header Authorization \"Bearer ****\" *"),
        ("  user $2a$14$abc", "  user **********"),
        ("header Authorization \"Bearer {$KEY}\"", "header Authorization \"Bearer {$KEY}\""),
        ("header X-Foo bar", "header X-Foo bar"),
    ])
    func masksSecretsInShownLines(_ line: String, _ expected: String) {
        #expect(Redaction.masked(line) == expected)
    }

    @Test func readsResponseMatchers() throws {
        let tokens = try TestSupport.tokens("status 4xx 200\nheader x-a b\nheader !C")
        let matcher = try ResponseMatcher.parse(ConfigNode.nodes(in: tokens[...]))
        #expect(
            matcher == [
                "status_code": [4, 200], "headers": ["X-A": ["b"], "C": .null],
            ])
    }
}
