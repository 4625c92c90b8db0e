// Plugins in C that the tests compile on the spot, good ones and badly behaved ones.
import Foundation
import Testing

@testable import Loader

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/gatewright-XXXXXX").utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }
}

/// A plugin in C. Its parts are those of the good plugin until a test replaces one.
struct PluginFixture {
    var name = "good"
    /// Nil leaves the manifest out.
    var manifest: String?
    /// Replaces macros of the source, such as `PLUGIN_SIZE`.
    var definitions: [String: String] = [:]
    /// C code behind the headers.
    var extra = ""
    /// The C code of the entry point.
    var entry = "const gw_plugin *gw_plugin_entry_v1(const gw_boot *b) { boot = b; return ENTRY; }"
    var compilerFlags: [String] = []

    init(_ name: String = "good") {
        self.name = name
        manifest = Self.manifest(name)
    }

    static func manifest(_ name: String, minMinor: Int = 0, major: Int = 1) -> String {
        """
        {"name": "\(name)", "version": "1.2.3",
         "abi": {"major": \(major), "min_minor": \(minMinor), "built_minor": 0},
         "runtime": {"lang": "c", "mode": "none"},
         "modules": [{"id": "http.handlers.\(name)", "kind": "gw.kind.http_handler/1",
           "directives": [{"name": "\(name)", "order": "rank:7"}], "hooks": ["request", "on_request", "telepathy"]}]}
        """
    }

    /// The repository's root, from this file's own path.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Compiles it into a folder as a plugin file.
    func build(in folder: TemporaryFolder) throws {
        let source = "\(folder.path)/\(name).c"
        try Data(text.utf8).write(to: URL(fileURLWithPath: source))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "cc", "-shared", "-fPIC", "-O0", "-fvisibility=hidden", "-I",
                "\(Self.root)/PluginSDK/C/include", "-o",
                "\(folder.path)/\(name)\(PluginFinder.fileSuffix)", source,
            ] + compilerFlags
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let log = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try FileManager.default.removeItem(atPath: source)
        try #require(process.terminationStatus == 0, "\(String(decoding: log, as: UTF8.self))")
    }

    private var text: String {
        let standard = [
            "PLUGIN_NAME": "\"\(name)\"", "ENTRY": "&plugin", "PLUGIN_SIZE": "sizeof(gw_plugin)",
            "MODULE_SIZE": "sizeof(gw_module)", "INSTANCE_SIZE": "sizeof(gw_instance_ops)",
            "HANDLER_SIZE": "sizeof(gw_http_handler_ops)", "DIRECTIVE_SIZE": "sizeof(gw_directive)",
            "MODULE_ID": "\"http.handlers.\(name)\"", "MODULE_KIND": "GW_KIND_HTTP_HANDLER",
            "CREATE": "create", "PROVISION": "provision", "VALIDATE": "validate",
            "CLEANUP": "cleanup", "PARSE": "parse", "KIND_OPS": "&hooks", "MIN_MINOR": "0",
            "STATE_SIZE": "16", "STATE_ALIGN": "8", "INSTANCE_OPS": "&instance_ops",
            "DIRECTIVE_NAME": "\"\(name)\"", "ORDER": "\"rank:7\"", "INIT": "0",
        ]
        let macros = standard.merging(definitions) { $1 }.sorted { $0.key < $1.key }
            .map { "#define \($0.key) \($0.value)" }.joined(separator: "\n")
        let embedded = manifest.map { manifest in
            let lines = manifest.split(separator: "\n").map { line in
                "\"\(line.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\\n\""
            }
            return "GW_MANIFEST(\(lines.joined(separator: "\n")));"
        }
        return [Self.head, macros, embedded ?? "", extra, Self.body, Self.visible + entry]
            .joined(separator: "\n")
    }

    private static let visible = "__attribute__((visibility(\"default\"))) "

    private static let head = """
        #include <gateway/gateway.h>
        #include <stdlib.h>
        #include <string.h>
        #define V(text) {(const uint8_t *)(text), sizeof(text) - 1}
        static const gw_boot *boot;
        static const gw_host_core *core(void) {
            gw_view id = V(GW_IFACE_CORE);
            return boot->iface(id);
        }
        static void report(gw_scope *scope, const char *text) {
            gw_diag diag = {sizeof diag, 1, GW_E_CONFIG};
            diag.message.ptr = (const uint8_t *)text;
            diag.message.len = strlen(text);
            core()->fail(scope, &diag);
        }
        static void trace(const char *step) {
            gw_view text = {(const uint8_t *)step, strlen(step)};
            core()->log(0, GW_LOG_INFO, text, 0, 0);
        }
        """

    private static let body = """
        static gw_status create(gw_scope *scope, gw_view json, void **out) {
            (void)scope; (void)json; trace(PLUGIN_NAME " create");
            *out = calloc(1, 16);
            return GW_OK;
        }
        static gw_status provision(void *self, gw_scope *scope) {
            (void)self; (void)scope; trace(PLUGIN_NAME " provision");
            return 0;
        }
        static gw_status validate(void *self, gw_scope *scope) {
            (void)self; (void)scope; trace(PLUGIN_NAME " validate");
            return 0;
        }
        static void cleanup(void *self) { trace(PLUGIN_NAME " cleanup"); free(self); }
        static gw_status start(void *self, uint32_t worker) {
            (void)self; (void)worker; trace(PLUGIN_NAME " start");
            return 0;
        }
        static void stop(void *self, uint32_t worker) {
            (void)self; (void)worker; trace(PLUGIN_NAME " stop");
        }
        static gw_verdict on_request(void *self, gw_req *req, void *state) {
            (void)self; (void)req; (void)state;
            return GW_NEXT;
        }
        static gw_status parse(const struct gw_directive_call *call, gw_out *out) {
            (void)call;
            gw_view json = V("{\\"handler\\": \\"good\\"}");
            return core()->out_write(out, json);
        }
        static const gw_instance_ops instance_ops = {
            .struct_size = INSTANCE_SIZE, .rev = 1, .create = CREATE, .provision = PROVISION,
            .validate = VALIDATE, .cleanup = CLEANUP, .worker_start = start, .worker_stop = stop};
        static const gw_http_handler_ops hooks = {
            .struct_size = HANDLER_SIZE, .rev = 1, .on_request = on_request};
        static const gw_directive directive = {
            .struct_size = DIRECTIVE_SIZE, .rev = 1, .name = V(DIRECTIVE_NAME), .order = V(ORDER),
            .flags = GW_DIRECTIVE_MATCHER, .doc = V("does good"), .parse = PARSE};
        static const gw_directive *const directives[] = {&directive};
        static const gw_module module = {
            .struct_size = MODULE_SIZE, .rev = 1, .id = V(MODULE_ID), .kind = V(MODULE_KIND),
            .instance_ops = INSTANCE_OPS, .kind_ops = KIND_OPS, .directives = directives,
            .directive_count = 1, .state_size = STATE_SIZE, .state_align = STATE_ALIGN};
        static const gw_module *const modules[] = {&module};
        static const gw_plugin plugin = {
            .struct_size = PLUGIN_SIZE, .rev = 1, .abi_min_minor = MIN_MINOR,
            .name = V(PLUGIN_NAME), .version = V("1.2.3"), .modules = modules, .module_count = 1,
            .init = INIT};
        """
}

extension PluginFixture {
    /// Builds it in a folder of its own and loads it.
    func load() throws -> LoadedPlugin {
        TestHost.install()
        let folder = try TemporaryFolder()
        try build(in: folder)
        return try PluginLoader.searching(folder).load(name)
    }

    /// The message with which loading fails.
    func refusal() throws -> String {
        let error = #expect(throws: LoaderError.self) { try load() }
        return try #require(error).description
    }
}

extension PluginLoader {
    static func searching(_ folder: TemporaryFolder) -> PluginLoader {
        PluginLoader(
            finder: PluginFinder(
                options: [folder.path], environment: nil, executableFolder: "/nonexistent"))
    }
}
