// Loading plugins: good ones, and every way in which one can be wrong.
import CGateway
import Foundation
import Testing

@testable import Loader

@Suite struct PluginLoaderTests {
    @Test func loadsAGoodPlugin() throws {
        let plugin = try PluginFixture().load()
        #expect(plugin.name == "good")
        #expect(plugin.version == "1.2.3")
        #expect(plugin.warnings == [])
        let module = try #require(plugin.modules.first)
        #expect(module.id == "http.handlers.good")
        #expect(module.kind == .httpHandler)
        #expect(module.stateSize == 16)
        guard case .httpHandler(let hooks) = module.ops else {
            Issue.record("expected the hooks of a handler")
            return
        }
        #expect(hooks.pointee.on_request != nil)
        #expect(hooks.pointee.on_response == nil)
        let directive = try #require(module.directives.first)
        #expect(directive.name == "good")
        #expect(directive.order == .rank(7))
        #expect(directive.takesMatcher)
        #expect(directive.summary == "does good")
    }

    @Test func loadsAPluginOnce() throws {
        let folder = try TemporaryFolder()
        try PluginFixture().build(in: folder)
        let loader = PluginLoader.searching(folder)
        #expect(try loader.load("good") === loader.load("good"))
        #expect(loader.registry.plugins.count == 1)
        #expect(loader.registry.module("http.handlers.good")?.plugin == "good")
        #expect(loader.registry.directive("good")?.module == "http.handlers.good")
    }

    @Test func namesFoldersAndNearNamesOfAMissingPlugin() throws {
        let folder = try TemporaryFolder()
        try folder.write("header.so", "")
        let error = #expect(throws: LoaderError.self) {
            try PluginLoader.searching(folder).load("heeder")
        }
        #expect(error?.rule == .missing)
        #expect(
            error?.description
                == "plugin heeder: no file heeder.so in \(folder.path), "
                + "/nonexistent/../plugins, /nonexistent/../lib/gatewright/plugins, "
                + "/nonexistent/plugins "
                + "(did you mean \"header\"?)")
    }

    @Test func refusesFilesThatEverybodyCanWrite() throws {
        let folder = try TemporaryFolder()
        try PluginFixture().build(in: folder)
        #expect(chmod("\(folder.path)/good.so", 0o666) == 0)
        let error = #expect(throws: LoaderError.self) {
            try PluginLoader.searching(folder).load("good")
        }
        #expect(error?.rule == .unsafeFile)
        #expect(error?.message.hasSuffix("good.so is writable by everybody") == true)
        #expect(chmod("\(folder.path)/good.so", 0o644) == 0)
        #expect(chmod(folder.path, 0o777) == 0)
        let folderError = #expect(throws: LoaderError.self) {
            try PluginLoader.searching(folder).load("good")
        }
        #expect(folderError?.message == "folder \(folder.path) is writable by everybody")
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let folder = try TemporaryFolder()
        #expect(mkdir("\(folder.path)/good.so", 0o755) == 0)
        #expect(mkfifo("\(folder.path)/pipe.so", 0o644) == 0)
        let loader = PluginLoader.searching(folder)
        let errors = loader.loadAll()
        #expect(errors.map(\.rule) == [.unsafeFile, .unsafeFile])
        #expect(errors.allSatisfy { $0.message.hasSuffix("is not a regular file") })
    }

    @Test func ignoresLibrariesOfABuildFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("libheader.so", "")
        try folder.write("notes.txt", "")
        #expect(PluginLoader.searching(folder).finder.available().isEmpty)
    }

    @Test func refusesANameThatThePluginOfAnotherFileHas() throws {
        let folder = try TemporaryFolder()
        try PluginFixture("first").build(in: folder)
        var second = PluginFixture("second")
        second.manifest = second.manifest?.replacing(
            "http.handlers.second", with: "http.handlers.first")
        try second.build(in: folder)
        let loader = PluginLoader.searching(folder)
        #expect(
            loader.loadAll().map(\.description) == [
                "plugin second: gives module http.handlers.first, which plugin first gives too "
                    + "(load only one of second and first)"
            ])
        #expect(loader.registry.plugins.map(\.name) == ["first"])
    }

    @Test func skipsModulesOfUnknownKinds() throws {
        var fixture = PluginFixture()
        fixture.definitions["MODULE_KIND"] = "\"gw.kind.oracle/1\""
        fixture.manifest = fixture.manifest?.replacing(
            "gw.kind.http_handler/1", with: "gw.kind.oracle/1")
        let plugin = try fixture.load()
        #expect(plugin.modules.isEmpty)
        #expect(plugin.skipped.map(\.kind) == ["gw.kind.oracle/1"])
        #expect(
            plugin.warnings == ["module http.handlers.good: kind gw.kind.oracle/1 is not supported"]
        )
    }

    @Test func callsInitOnceAndReportsItsFailure() throws {
        var fixture = PluginFixture()
        fixture.extra = """
            static gw_status setup(void) {
                gw_diag diag = {sizeof diag, 1, GW_E_DENIED};
                diag.message = (gw_view)V("no luck");
                diag.hint = (gw_view)V("try again");
                boot->fail(&diag);
                return GW_E_DENIED;
            }
            """
        fixture.definitions["INIT"] = "setup"
        #expect(try fixture.refusal() == "plugin good: init: no luck (try again)")
    }

    @Test func noticesThatAFileChanged() throws {
        let folder = try TemporaryFolder()
        try PluginFixture().build(in: folder)
        let loader = PluginLoader.searching(folder)
        try loader.load("good")
        #expect(loader.changedOnDisk().isEmpty)
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/good.so", toPath: "\(folder.path)/old.so")
        var newer = PluginFixture()
        newer.extra = "int something_else;"
        try newer.build(in: folder)
        #expect(loader.changedOnDisk().map(\.name) == ["good"])
    }

    @Test func readsManifestsWithoutRunningPlugins() throws {
        let folder = try TemporaryFolder()
        var fixture = PluginFixture()
        fixture.extra = "__attribute__((constructor)) static void trap(void) { abort(); }"
        try fixture.build(in: folder)
        let catalog = PluginLoader.searching(folder).catalog()
        #expect(try catalog.map { try $0.manifest.get().name } == ["good"])
    }

    @Test func acceptsAManifestBesideTheFile() throws {
        let folder = try TemporaryFolder()
        var fixture = PluginFixture()
        fixture.manifest = nil
        try fixture.build(in: folder)
        let loader = PluginLoader.searching(folder)
        let error = #expect(throws: LoaderError.self) { try loader.load("good") }
        #expect(error?.rule == .manifest)
        try folder.write("good.manifest.json", PluginFixture.manifest("good"))
        #expect(try loader.load("good").version == "1.2.3")
    }
}
