import Base
import Testing

@Suite struct CredentialNamesTests {
    @Test(arguments: [
        "Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "api_key",
        "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key", "apikey", "X-Auth-Token", "access_token",
        "X-Amz-Security-Token", "client_secret", "PASSWORD", "key", "api_keys",
    ])
    func tellsCredentials(_ name: String) {
        #expect(CredentialNames.contains(name))
    }

    @Test(arguments: [
        "", "Accept", "X-Keywords", "Monkey", "Host", "Content-Type", "X-Request-Id", "keyed", "ke",
    ])
    func passesOthersOver(_ name: String) {
        #expect(!CredentialNames.contains(name))
    }
}
