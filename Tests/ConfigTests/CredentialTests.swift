// A variable that is unset or empty must not open a gate.
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
        #expect(result.warnings.map(\.description) == [
            "Caddyfile:2:12: warning: environment variable WORD is unset or empty"
        ])
    }

    @Test func missingSnippetArgumentCounts() {
        let text = "(key) {\n\t@ok header Authorization \"Bearer {args[0]}\"\n\trespond @ok x\n}\n"
            + ":80 {\n\timport key {$KEY}\n}\n"
        #expect(TestSupport.failure(text).contains("KEY is unset or empty"))
    }
}
