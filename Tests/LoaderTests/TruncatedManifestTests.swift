// Manifests that were cut: each is refused with a message, wherever the cut is.
import Testing

@testable import Loader

@Suite struct TruncatedManifestTests {
    private let text = Array(PluginFixture.manifest("good").utf8)

    @Test func theWholeOneIsRead() throws {
        #expect(try ManifestReader.parse(text[...], plugin: "good").name == "good")
    }

    @Test func everyBeginningIsRefused() {
        for count in 0..<text.count {
            let error = #expect(throws: LoaderError.self, "cut after \(count) bytes") {
                try ManifestReader.parse(text[..<count], plugin: "good")
            }
            #expect(error?.rule == .manifest)
            #expect(error?.description.hasPrefix("plugin good: ") == true)
        }
    }

    /// A member that is missing or of another kind has a message that names it.
    @Test(arguments: ["name", "version", "abi", "modules"])
    func aMemberThatIsMissingIsNamed(_ member: String) {
        let other = PluginFixture.manifest("good")
            .replacing("\"\(member)\":", with: "\"\(member)_\":")
        let error = #expect(throws: LoaderError.self) {
            try ManifestReader.parse(Array(other.utf8)[...], plugin: "good")
        }
        #expect(error?.description.contains(member) == true)
    }
}
