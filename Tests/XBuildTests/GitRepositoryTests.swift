// Repositories that plugins come from.
import Testing

@testable import XBuild

@Suite struct GitRepositoryTests {
    @Test(arguments: [
        ("https://user:token@example.com/a.git", "https://example.com/a.git"),
        ("https://token@example.com:8443/a@b", "https://example.com:8443/a@b"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("git@example.com:geo", "git@example.com:geo"), ("/repos/a@b", "/repos/a@b"),
    ])
    func showsNoCredentials(url: String, shown: String) {
        #expect(GitRepository.withoutCredentials(url) == shown)
    }
}
