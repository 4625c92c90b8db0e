// Badly behaved plugins: each is refused with a message that names it and the rule.
import Testing

@testable import Loader

/// One thing that is wrong with an otherwise good plugin.
struct Misbehaviour: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var definitions: [String: String] = [:]
    var entry: String?
    var extra = ""
    var manifest: (@Sendable (String) -> String)?
    /// Behind "plugin good".
    var message: String
}

@Suite struct BadPluginTests {
    static let misbehaviours = [
        Misbehaviour(
            testDescription: "size of gw_plugin too small", definitions: ["PLUGIN_SIZE": "16"],
            message: ": gw_plugin says that it has 16 bytes, expected at least 60"),
        Misbehaviour(
            testDescription: "size of gw_plugin absurd",
            definitions: ["PLUGIN_SIZE": "0xffffffffu"],
            message: ": gw_plugin says that it has 4294967295 bytes, expected at most 65536"),
        Misbehaviour(
            testDescription: "size of gw_module zero", definitions: ["MODULE_SIZE": "0"],
            message: ": module 0 says that it has 0 bytes, expected at least 68"),
        Misbehaviour(
            testDescription: "size of instance ops too small",
            definitions: ["INSTANCE_SIZE": "32"],
            message: ", module http.handlers.good: instance_ops says that it has 32 bytes, "
                + "expected at least 40"),
        Misbehaviour(
            testDescription: "size of handler ops zero", definitions: ["HANDLER_SIZE": "0"],
            message: ", module http.handlers.good: kind_ops says that it has 0 bytes, "
                + "expected at least 8"),
        Misbehaviour(
            testDescription: "size of directive too small",
            definitions: ["DIRECTIVE_SIZE": "64"],
            message: ", module http.handlers.good: directive 0 says that it has 64 bytes, "
                + "expected at least 72"),
        Misbehaviour(
            testDescription: "handler ops too small for the hook that the manifest names",
            definitions: ["HANDLER_SIZE": "8"],
            message: ", module http.handlers.good: its manifest names the hook request, "
                + "which is NULL"),
        Misbehaviour(
            testDescription: "no create", definitions: ["CREATE": "0"],
            message: ", module http.handlers.good: instance_ops.create is NULL"),
        Misbehaviour(
            testDescription: "no cleanup", definitions: ["CLEANUP": "0"],
            message: ", module http.handlers.good: instance_ops.cleanup is NULL"),
        Misbehaviour(
            testDescription: "no instance ops", definitions: ["INSTANCE_OPS": "0"],
            message: ": module 0.instance_ops is NULL"),
        Misbehaviour(
            testDescription: "no kind ops", definitions: ["KIND_OPS": "0"],
            message: ", module http.handlers.good: kind_ops is NULL"),
        Misbehaviour(
            testDescription: "no parse", definitions: ["PARSE": "0"],
            message: ", module http.handlers.good: directive 0.parse is NULL"),
        Misbehaviour(
            testDescription: "state alignment", definitions: ["STATE_ALIGN": "24"],
            message: ", module http.handlers.good: state_align is 24, "
                + "expected a power of two of at most 16"),
        Misbehaviour(
            testDescription: "state size", definitions: ["STATE_SIZE": "1000000"],
            message: ", module http.handlers.good: state_size is 1000000, expected at most 65536"),
        Misbehaviour(
            testDescription: "another name", definitions: ["PLUGIN_NAME": "\"other\""],
            message: ": gw_plugin.name is \"other\", its manifest says \"good\""),
        Misbehaviour(
            testDescription: "name is not UTF-8", definitions: ["PLUGIN_NAME": "\"\\xff\""],
            message: ": gw_plugin.name is \"not valid\", its manifest says \"good\""),
        Misbehaviour(
            testDescription: "empty id", definitions: ["MODULE_ID": "\"\""],
            message: ": module 0 has no valid id, expected printable text without spaces"),
        Misbehaviour(
            testDescription: "unknown id", definitions: ["MODULE_ID": "\"x\""],
            message: ": has a module x that its manifest does not name"),
        Misbehaviour(
            testDescription: "another kind", definitions: ["MODULE_KIND": "GW_KIND_SERVICE"],
            message: ", module http.handlers.good: kind is \"gw.kind.service/1\", "
                + "its manifest says gw.kind.http_handler/1"),
        Misbehaviour(
            testDescription: "matcher without match",
            definitions: [
                "MODULE_KIND": "GW_KIND_MATCHER", "MODULE_ID": "\"http.matchers.good\"",
                "KIND_OPS": "&no_match",
            ], extra: "static const gw_matcher_ops no_match = {.struct_size = sizeof no_match};",
            manifest: {
                $0.replacing("http_handler", with: "matcher")
                    .replacing("http.handlers", with: "http.matchers")
            },
            message: ", module http.matchers.good: kind_ops.match is NULL"),
        Misbehaviour(
            testDescription: "placeholders without resolve",
            definitions: [
                "MODULE_KIND": "GW_KIND_PLACEHOLDER", "MODULE_ID": "\"http.placeholders.good\"",
                "KIND_OPS": "&no_resolve",
            ],
            extra: """
                static const gw_placeholder_ops no_resolve = {.struct_size = 16};
                """,
            manifest: {
                $0.replacing("http_handler", with: "placeholder")
                    .replacing("http.handlers", with: "http.placeholders")
            },
            message: ", module http.placeholders.good: kind_ops says that it has 16 bytes, "
                + "expected at least 24"),
        Misbehaviour(
            testDescription: "matcher with the id of a handler",
            definitions: ["MODULE_KIND": "GW_KIND_MATCHER"],
            manifest: { $0.replacing("http_handler", with: "matcher") },
            message: ", module http.handlers.good: its id is not http.matchers.NAME, "
                + "as gw.kind.matcher/1 asks"),
        Misbehaviour(
            testDescription: "matcher whose directive has another name",
            definitions: [
                "MODULE_KIND": "GW_KIND_MATCHER", "MODULE_ID": "\"http.matchers.x\"",
            ],
            manifest: {
                $0.replacing("http_handler", with: "matcher")
                    .replacing("http.handlers.good", with: "http.matchers.x")
            },
            message: ", module http.matchers.x: gives directive good, expected x as in its id"),
        Misbehaviour(
            testDescription: "unknown directive", definitions: ["DIRECTIVE_NAME": "\"x\""],
            message: ", module http.handlers.good: "
                + "has a directive x that its manifest does not name"),
        Misbehaviour(
            testDescription: "wrong order", definitions: ["ORDER": "\"rank:x\""],
            message: ", module http.handlers.good: order of directive good is \"rank:x\", "
                + "expected rank:N, before:NAME, after:NAME or nothing"),
        Misbehaviour(
            testDescription: "another order", definitions: ["ORDER": "\"rank:8\""],
            message: ", module http.handlers.good: order of directive good is \"rank:8\", "
                + "its manifest says \"rank:7\""),
        Misbehaviour(
            testDescription: "newer host needed by the table", definitions: ["MIN_MINOR": "9"],
            message: ": needs host ≥ minor 9, this host has minor 0 "
                + "(use a newer gatewright or an older good)"),
        Misbehaviour(
            testDescription: "newer host needed by the manifest",
            manifest: { _ in PluginFixture.manifest("good", minMinor: 9) },
            message: ": needs host ≥ minor 9, this host has minor 0 "
                + "(use a newer gatewright or an older good)"),
        Misbehaviour(
            testDescription: "another ABI",
            manifest: { _ in PluginFixture.manifest("good", major: 2) },
            message: ": is made for ABI 2, this host has ABI 1"),
        Misbehaviour(
            testDescription: "unknown interface needed",
            manifest: {
                $0.replacing("\"hooks\"", with: "\"needs\": [\"gw.oracle/1\"], \"hooks\"")
            },
            message: ", module http.handlers.good: needs gw.oracle/1, "
                + "which this host does not have (use a newer gatewright or an older good)"),
        Misbehaviour(
            testDescription: "fewer modules than in the manifest",
            manifest: {
                $0.replacing(
                    "\"modules\": [",
                    with: """
                        "modules": [{"id": "x", "kind": "y"},
                        """)
            },
            message: ": has 1 modules, its manifest names 2"),
        Misbehaviour(
            testDescription: "manifest of another plugin",
            manifest: { $0.replacing("\"name\": \"good\", \"v", with: "\"name\": \"bad\", \"v") },
            message: ": its manifest says that its name is bad (name the file bad.so)"),
        Misbehaviour(
            testDescription: "entry returns NULL", definitions: ["ENTRY": "0"],
            message: ": gw_plugin_entry_v1 returned NULL and gave no reason"),
        Misbehaviour(
            testDescription: "entry returns NULL after asking for an interface",
            entry: """
                const gw_plugin *gw_plugin_entry_v1(const gw_boot *b) {
                    gw_view id = V("gw.oracle/1");
                    (void)plugin;
                    return b->iface(id);
                }
                """,
            message: ": gw_plugin_entry_v1 returned NULL and gave no reason "
                + "(it asked for gw.oracle/1, which this host does not have)"),
        Misbehaviour(
            testDescription: "entry fails with a reason",
            entry: """
                const gw_plugin *gw_plugin_entry_v1(const gw_boot *b) {
                    gw_diag diag = {sizeof diag, 1, GW_E_UNSUPPORTED};
                    diag.message = (gw_view)V("no such processor");
                    (void)plugin;
                    b->fail(&diag);
                    return 0;
                }
                """,
            message: ": no such processor"),
        Misbehaviour(
            testDescription: "exports more",
            extra: "__attribute__((visibility(\"default\"))) int helper(void) { return 1; }",
            message: ": exports helper, expected gw_plugin_entry_v1 only "
                + "(link it with -Wl,--version-script=plugin.map or -fvisibility=hidden)"),
    ]

    @Test(arguments: misbehaviours)
    func isRefused(_ misbehaviour: Misbehaviour) throws {
        var fixture = PluginFixture()
        fixture.definitions = misbehaviour.definitions
        fixture.extra = misbehaviour.extra
        if let entry = misbehaviour.entry { fixture.entry = entry }
        if let change = misbehaviour.manifest { fixture.manifest = fixture.manifest.map(change) }
        #expect(try fixture.refusal() == "plugin good" + misbehaviour.message)
    }

    @Test func needsTheEntryPoint() throws {
        var fixture = PluginFixture()
        fixture.entry = "const void *other(void) { return &plugin; }"
        #expect(try fixture.refusal().contains("does not export gw_plugin_entry_v1"))
    }

    @Test func refusesAnExecutableStack() throws {
        var fixture = PluginFixture()
        fixture.compilerFlags = ["-Wl,-z,execstack"]
        #expect(try fixture.refusal().contains("asks for an executable stack"))
    }

    @Test func warnsOfForeignLibraryFolders() throws {
        var fixture = PluginFixture()
        fixture.compilerFlags = ["-Wl,-rpath,/opt/elsewhere", "-Wl,-rpath,$ORIGIN/../lib"]
        #expect(
            try fixture.load().warnings == [
                "looks for libraries in /opt/elsewhere, which may not exist elsewhere "
                    + "(expected $ORIGIN)"
            ])
    }

    @Test func refusesUnresolvedSymbols() throws {
        var fixture = PluginFixture()
        fixture.extra =
            "int nowhere(void); static int use(void) __attribute__((constructor));"
            + "static int use(void) { return nowhere(); }"
        #expect(try fixture.refusal().contains("undefined symbol: nowhere"))
    }

    /// The host goes on after a plugin whose code ran before it was refused.
    @Test func survivesConstructorsOfRefusedPlugins() throws {
        var fixture = PluginFixture()
        fixture.extra =
            "__attribute__((constructor)) static void early(void) { setenv(\"X\", \"1\", 1); }"
        fixture.definitions["ENTRY"] = "0"
        #expect(throws: LoaderError.self) { try fixture.load() }
        #expect(try PluginFixture().load().name == "good")
    }
}
