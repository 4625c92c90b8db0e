// Texts of /proc/PID, command lines and manifests.
import Testing

@testable import LLMResolverParts

@Suite struct ProcessTextTests {
    @Test func readsStatWithAnyName() throws {
        let stat =
            "42 (a) b (c)) S 7 42 42 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200 18446744073709551615"
        let found = try #require(ProcessStatus.parentAndStart(Array(stat.utf8)))
        #expect(found.command == "a) b (c)" && found.parent == 7 && found.start == 987_654)
    }

    @Test(arguments: ["", "42", "42 (x", "42 (x) S", ")42 (", "42 (x) S x y z"])
    func refusesWhatIsNoStat(_ text: String) {
        #expect(ProcessStatus.parentAndStart(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("socket:[4711]", UInt64(4711)), ("socket:[]", 0), ("socket:[x]", nil), ("socket:[1", nil),
        ("pipe:[4711]", nil), ("socket:[99999999999999999999999]", nil), ("", nil),
    ])
    func readsLinksOfSockets(_ link: String, _ inode: UInt64?) {
        let found = Array(link.utf8).withUnsafeBytes { ProcessStatus.socketInode($0) }
        #expect(found == inode)
    }

    @Test func findsTheContainerInAControlGroup() {
        let id = String(repeating: "0a1b", count: 16)
        let texts = [
            "0::/system.slice/docker-\(id).scope\n",
            "0::/machine.slice/libpod-\(id).scope/container",
            "12:memory:/docker/\(id)\n0::/\n",
        ]
        for text in texts { #expect(ProcessStatus.containerID(Array(text.utf8)) == id) }
        #expect(ProcessStatus.containerID(Array("0::/user.slice\n".utf8)) == nil)
    }

    @Test(arguments: [
        (["/usr/bin/python3", "/srv/venv/bin/uvicorn", "app:app"], "python3 uvicorn app:app"),
        (["node", "/home/a/shop/node_modules/.bin/vite", "--host"], "node vite --host"),
        (["/opt/culvert", "--port", "1"], "culvert --port 1"),
        (["node", "/home/a/src/main.js"], "node /home/a/src/main.js"),
        (["serve.py", "--title", "two words", ""], "serve.py --title 'two words' ''"),
        (
            ["nginx: master process /usr/sbin/nginx -c /x/y.conf"],
            "nginx: master process /usr/sbin/nginx -c /x/y.conf"
        ),
        (["a\u{1B}[31m\nb"], "a [31m b"),
        ([], ""),
    ])
    func shortensCommandLines(_ words: [String], _ text: String) {
        #expect(CommandLine.text(words) == text)
    }

    @Test func cutsLongCommandLinesBetweenCharacters() {
        let text = CommandLine.text(["x", String(repeating: "é", count: 2000)])
        #expect(text.utf8.count <= DiscoveryLimits.argumentsBytesMax && text.hasSuffix("é"))
    }

    @Test func aTitleHasNoPadding() {
        #expect(CommandLine.words(Array("puma 6\0\0\0   \0".utf8)) == ["puma 6"])
        #expect(CommandLine.words([]) == [])
    }

    @Test(arguments: [
        (#"{"name": "@shop/web", "version": "1"}"#, "@shop/web"), (#"{"name": 7}"#, nil),
        ("{", nil), ("[]", nil), ("", nil),
    ])
    func readsNamesInJSON(_ text: String, _ name: String?) {
        #expect(PackageManifest.jsonName(Array(text.utf8)) == name)
    }

    @Test(arguments: [
        ("[package]\nname = \"weir\"", "weir"), ("[package] # x\r\nname='weir' # y", "weir"),
        ("name = \"no\"\n[lib]\nname = \"no\"", nil), ("[package]\nname", nil),
        ("[package]\nname = \"open", nil), ("[[package]]\nname = \"no\"", nil),
    ])
    func readsNamesInTOML(_ text: String, _ name: String?) {
        #expect(PackageManifest.tomlName(Array(text.utf8), tables: ["package"]) == name)
    }

    @Test(arguments: [
        ("module example.com/shop/api\n\ngo 1.23", "api"), ("module example.com/api/v2", "api"),
        ("// x\nmodule \"shop\" // y", "shop"), ("module", nil), ("", nil),
    ])
    func readsNamesOfModules(_ text: String, _ name: String?) {
        #expect(PackageManifest.moduleName(Array(text.utf8)) == name)
    }

    @Test(arguments: [
        ("python3 -m http.server 8001", "python3 -m http.server 8002", true),
        ("vite --port=5173", "vite --port=5174", true),
        (
            "puma 6.5.0 (tcp://127.0.0.1:3301) [jetty]",
            "puma 6.5.0 (tcp://127.0.0.1:3302) [jetty]", true
        ),
        ("next-server (v15.0.4)", "next-server (v15.1.6)", true),
        ("node server.js", "node worker.js", false),
        ("python3 app2.py", "python3 app3.py", false),
        ("php8.2 -S x", "php8.3 -S x", false),
        ("serve --id 1", "serve --id 2", false),
    ])
    func aSignatureKeepsWhatTellsProgramsApart(_ a: String, _ b: String, _ isSame: Bool) {
        #expect((CommandSignature(a) == CommandSignature(b)) == isSame)
    }
}
