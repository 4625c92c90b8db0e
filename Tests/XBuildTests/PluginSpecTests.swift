// What --with may say.
import Testing

@testable import XBuild

@Suite struct PluginSpecTests {
    @Test(
        arguments: [
            ("llm_resolver", "llm_resolver", nil, PluginSpec.Place.firstParty),
            ("greet=../greet", "greet", nil, .path("../greet")),
            ("greet=a=b.so", "greet", nil, .path("a=b.so")),
            ("greet@v1=/repo", "greet", "v1", .git(url: "/repo", folder: "")),
            (
                "greet@v1=../all#plugins/greet", "greet", "v1",
                .git(url: "../all", folder: "plugins/greet")
            ),
            ("greet=odd#name", "greet", nil, .path("odd#name")),
            (
                "geo@v1.2=https://example.com/geo.git", "geo", "v1.2",
                .git(url: "https://example.com/geo.git", folder: "")
            ),
            ("geo=git@example.com:geo", "geo", nil, .git(url: "git@example.com:geo", folder: "")),
            (
                "geo=file:///repos/all#plugins/geo", "geo", nil,
                .git(url: "file:///repos/all", folder: "plugins/geo")
            ),
        ] as [(String, String, String?, PluginSpec.Place)])
    func reads(text: String, name: String, version: String?, place: PluginSpec.Place) throws {
        let spec = try PluginSpec(text)
        #expect(spec.name == name)
        #expect(spec.version == version)
        #expect(spec.place == place)
    }

    @Test(arguments: [
        "", "=x", "libgeo=x.so", "a b=x", "../up", "geo@=x", "geo@-x=y", "geo=",
        "geo=--upload-pack=x",
        "geo=file:///r#../..", "geo@v1=../r#../..", "geo@v1=#x", "geo=file:///r#/etc",
    ])
    func refuses(text: String) {
        #expect(throws: BuildError.self) { try PluginSpec(text) }
    }
}
