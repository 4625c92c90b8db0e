// The life of an instance: order of the steps, cleanup after failures, sharing between generations.
import Base
import Testing

@testable import Loader

@Suite struct ModuleInstanceTests {
    private func identity(_ module: LoadedModule) -> InstanceIdentity {
        InstanceIdentity(contentHash: 0, module: module.id, json: ["handler": "x"])
    }

    @Test func runsTheStepsInOrderAndCleansUpOnce() throws {
        let module = try #require(PluginFixture("order").load().modules.first)
        let instance = try ModuleInstance(module, identity: identity(module))
        #expect(TestHost.trace(of: "order") == ["create", "provision", "validate"])
        try instance.startWorker(0)
        try instance.startWorker(1)
        instance.stopWorker(0)
        instance.stopWorker(0)
        instance.stopWorker(7)
        instance.stopWorker(1)
        instance.cleanUp()
        instance.cleanUp()
        #expect(
            TestHost.trace(of: "order").dropFirst(3) == [
                "start", "start", "stop", "stop", "cleanup",
            ])
    }

    @Test(arguments: [
        (
            "failcreate", "CREATE", "create", "gw_scope *scope, gw_view json, void **out",
            ["cleanup"]
        ),
        (
            "failprovision", "PROVISION", "provision", "void *self, gw_scope *scope",
            ["create", "cleanup"]
        ),
        (
            "failvalidate", "VALIDATE", "validate", "void *self, gw_scope *scope",
            ["create", "provision", "cleanup"]
        ),
    ])
    func cleansUpAfterAFailedStep(
        name: String, macro: String, step: String, parameters: String, trace: [String]
    ) throws {
        var fixture = PluginFixture(name)
        fixture.definitions[macro] = "broken"
        let setOut = step == "create" ? "*out = malloc(1); (void)json;" : "(void)self;"
        fixture.extra = """
            static gw_status broken(\(parameters)) {
                \(setOut)
                report(scope, "first problem");
                report(scope, "second problem");
                return GW_E_CONFIG;
            }
            """
        let module = try #require(fixture.load().modules.first)
        let error = #expect(throws: LoaderError.self) {
            try ModuleInstance(module, identity: identity(module))
        }
        #expect(
            error?.description
                == "plugin \(name), module http.handlers.\(name): \(step): first problem")
        #expect(TestHost.trace(of: name) == trace)
    }

    @Test func reportsStepsThatFailWithoutAReason() throws {
        var fixture = PluginFixture("silent")
        fixture.definitions["PROVISION"] = "broken"
        fixture.extra =
            "static gw_status broken(void *a, gw_scope *b) { (void)a; (void)b; return -12; }"
        let module = try #require(fixture.load().modules.first)
        let error = #expect(throws: LoaderError.self) {
            try ModuleInstance(module, identity: identity(module))
        }
        #expect(error?.message == "provision: failed with code -12 and gave no reason")
    }

    @Test func carriesEqualInstancesOver() throws {
        let folder = try TemporaryFolder()
        TestHost.install()
        try PluginFixture("carry").build(in: folder)
        let loader = PluginLoader.searching(folder)
        let module = try #require(try loader.load("carry").modules.first)
        let cache = InstanceCache()

        let first = InstanceSet(cache: cache, loader: loader)
        let same = try first.instance(of: module, json: ["a": 1, "b": 2])
        let twin = try first.instance(of: module, json: ["a": 1, "b": 2])
        let other = try first.instance(of: module, json: ["a": 2])
        #expect(same !== twin)
        #expect(first.fresh.count == 3)

        let second = InstanceSet(cache: cache, loader: loader)
        #expect(try second.instance(of: module, json: ["b": 2, "a": 1]) === same)
        #expect(second.fresh.isEmpty)
        let retired = first.release()
        #expect(retired.map { $0 === other || $0 === twin } == [true, true])
        #expect(first.release().isEmpty)
        #expect(second.release().first === same)
        #expect(cache.count == 0)
    }
}

@Suite struct ServiceInterfaceTests {
    private static let publishing = """
        static struct { uint32_t size, rev; } table = {8, 1};
        static gw_status work(void *self, gw_scope *scope) {
            gw_view service = V("gw.service/1"), id = V(SERVICE);
            const gw_host_service *services = boot->iface(service);
            (void)scope;
            return services->publish(id, &table, self);
        }
        """
    private static let binding = """
        static gw_status work(void *self, gw_scope *scope) {
            gw_view service = V("gw.service/1"), id = V(SERVICE);
            const gw_host_service *services = boot->iface(service);
            const void *table;
            void *provider;
            (void)self;
            gw_status status = services->bind(scope, id, &table, &provider);
            if (status == GW_OK && ((const uint32_t *)table)[0] != 8) return GW_E_INTERNAL;
            return status;
        }
        """

    private func module(_ name: String, _ code: String, service: String) throws -> LoadedModule {
        var fixture = PluginFixture(name)
        fixture.definitions["PROVISION"] = "work"
        fixture.definitions["SERVICE"] = "\"\(service)\""
        fixture.extra = code
        return try #require(fixture.load().modules.first)
    }

    private func make(_ module: LoadedModule) throws -> ModuleInstance {
        try ModuleInstance(
            module, identity: InstanceIdentity(contentHash: 0, module: module.id, json: [:]))
    }

    @Test func providersOutliveThoseWhoUseThem() throws {
        let provider = try make(module("provider", Self.publishing, service: "test.live/1"))
        let user = try make(module("user", Self.binding, service: "test.live/1"))
        provider.cleanUp()
        #expect(!TestHost.trace(of: "provider").contains("cleanup"))
        user.cleanUp()
        #expect(TestHost.trace(of: "provider").last == "cleanup")
        #expect(!ServiceInterface.published.contains { $0.id == "test.live/1" })
    }

    @Test func refusesASecondProviderAndNamesBoth() throws {
        let first = try make(module("one", Self.publishing, service: "test.twice/1"))
        defer { first.cleanUp() }
        let second = try module("two", Self.publishing, service: "test.twice/1")
        let error = #expect(throws: LoaderError.self) { try make(second) }
        #expect(
            error?.message == "provision: publishes test.twice/1, which http.handlers.one "
                + "publishes already")
    }

    @Test func anOlderProviderGoesOnWhenTheNewerOneFails() throws {
        let module = try module("again", Self.publishing, service: "test.again/1")
        let older = try make(module)
        try make(module).cleanUp()
        #expect(ServiceInterface.published.contains { $0.id == "test.again/1" })
        older.cleanUp()
        #expect(!ServiceInterface.published.contains { $0.id == "test.again/1" })
    }

    @Test func missingServicesAreReported() throws {
        let lonely = try module("lonely", Self.binding, service: "test.nobody/1")
        let error = #expect(throws: LoaderError.self) { try make(lonely) }
        #expect(error?.message == "provision: failed with code -11 and gave no reason")
    }
}
