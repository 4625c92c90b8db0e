// Imports of plugins against the permissions of their manifests.
import Testing

@testable import Loader

@Suite struct PermissionTests {
    /// The good plugin with a function that calls something.
    private func fixture(
        calling expression: String, include: String, permissions: String? = nil,
        runtime: String? = nil, flags: [String] = []
    ) -> PluginFixture {
        var fixture = PluginFixture()
        fixture.extra = """
            #include <\(include)>
            __attribute__((used)) static long reaches(void) { return (long)\(expression); }
            """
        fixture.compilerFlags = flags
        if let permissions {
            fixture.manifest = fixture.manifest?.replacing(
                "\"modules\"", with: "\"permissions\": [\(permissions)], \"modules\"")
        }
        if let runtime {
            fixture.manifest = fixture.manifest?.replacing(
                "{\"lang\": \"c\", \"mode\": \"none\"}", with: runtime)
        }
        return fixture
    }

    @Test func refusesANetworkCallThatTheManifestDoesNotName() throws {
        let plugin = fixture(calling: "connect(0, 0, 0)", include: "sys/socket.h")
        #expect(
            try plugin.refusal()
                == "plugin good: imports connect, for which it needs the permission net "
                + "(add \"permissions\": [\"net\"] to its manifest if it is meant to)")
    }

    @Test func allowsWhatTheManifestNames() throws {
        let plugin = fixture(
            calling: "connect(0, 0, 0)", include: "sys/socket.h", permissions: "\"net\"")
        #expect(try plugin.load().warnings == [])
    }

    @Test func keepsWhatWasAskedForInTheLineToAdd() throws {
        let plugin = fixture(
            calling: "fork()", include: "unistd.h", permissions: "\"net\", \"fs\"")
        #expect(try plugin.refusal().contains("add \"permissions\": [\"net\", \"fs\", \"exec\"]"))
    }

    @Test func warnsOfPermissionsThatItDoesNotKnow() throws {
        let plugin = fixture(calling: "1", include: "unistd.h", permissions: "\"telepathy\"")
        #expect(try plugin.load().warnings == ["manifest: unknown permission \"telepathy\""])
    }

    static let calls: [(expression: String, include: String, permission: String)] = [
        ("getaddrinfo(0, 0, 0, 0)", "netdb.h", "net"), ("open(\"\", 0)", "fcntl.h", "fs"),
        ("getenv(\"HOME\")", "stdlib.h", "env"), ("system(\"\")", "stdlib.h", "exec"),
        ("execvp(\"\", 0)", "unistd.h", "exec"), ("dlopen(0, 1)", "dlfcn.h", "load"),
        ("pthread_create(0, 0, 0, 0)", "pthread.h", "threads"),
        ("signal(1, 0)", "signal.h", "signals"), ("setuid(0)", "unistd.h", "process"),
        ("syscall(1)", "unistd.h", "syscall"),
    ]

    @Test(arguments: calls)
    func namesThePermission(
        _ call: (expression: String, include: String, permission: String)
    ) throws {
        let plugin = fixture(calling: call.expression, include: call.include)
        #expect(try plugin.refusal().contains("needs the permission \(call.permission) "))
    }

    @Test(arguments: [
        ("open64", Permission.fs), ("__open64_2", .fs), ("fopen64", .fs), ("__recv_chk", .net),
        ("openat64", .fs), ("statx", .fs), ("clone3", .exec),
    ])
    func countsEverySpelling(_ symbol: String, _ permission: Permission) {
        #expect(PermissionTable.permission(for: symbol) == permission)
    }

    @Test(arguments: ["read", "write", "close", "malloc", "memcpy", "mmap", "pthread_mutex_lock"])
    func needsNothingForWhatReachesNothing(_ symbol: String) {
        #expect(PermissionTable.permission(for: symbol) == nil)
    }

    @Test func allowsTheRunTimeOfALanguageAndNoMore() throws {
        let rust = #"{"lang": "rust", "mode": "none"}"#
        _ = try fixture(calling: "getenv(\"X\")", include: "stdlib.h", runtime: rust).load()
        let reaching = fixture(
            calling: "connect(0, 0, 0)", include: "sys/socket.h", runtime: rust)
        #expect(try reaching.refusal().contains("permission net"))
        let swift = #"{"lang": "swift", "mode": "shared"}"#
        _ = try fixture(calling: "syscall(1)", include: "unistd.h", runtime: swift).load()
        #expect(
            try fixture(calling: "getenv(\"X\")", include: "stdlib.h", runtime: swift)
                .refusal().contains("permission env"))
    }
}
