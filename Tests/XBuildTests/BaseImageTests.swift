// The image of a Dockerfile.
import Testing

@testable import XBuild

@Suite struct BaseImageTests {
    @Test(
        arguments: [
            ("ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n", "debian:12-slim"),
            (
                "PRETTY_NAME=\"Debian GNU/Linux sid\"\nID=debian\nVERSION_CODENAME=forky\n",
                "debian:forky-slim"
            ),
            ("NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n", "ubuntu:24.04"),
            ("ID=fedora\nVERSION_ID=42\n", nil), ("ID=debian\n", nil), ("", nil),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=22\n", nil),
        ] as [(String, String?)])
    func isTheSystemOfTheMachine(release: String, image: String?) {
        #expect(BaseImage.of(release: release) == image)
    }

    @Test func theDockerfileNamesIt() {
        let text = Accompaniments.dockerfile(
            base: "ubuntu:24.04", packages: ["libssl3t64", "libc6"])
        #expect(text.contains("\nFROM ubuntu:24.04\n"))
        #expect(text.contains("    ca-certificates libssl3t64 && rm"))
    }
}
