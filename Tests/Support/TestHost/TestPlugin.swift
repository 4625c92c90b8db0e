// Loads a plugin's shared object, or takes its entry point, and calls what it offers.
public import CGateway
import Glibc

public final class TestPlugin {
    public typealias Entry = (UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>?
    let table: gw_plugin

    public init(entry: Entry) throws(TestProblem) {
        var boot = TestHost.boot
        guard let plugin = entry(&boot) else {
            throw TestHost.takeProblem() ?? TestProblem(message: "no tables")
        }
        table = plugin.pointee
    }

    /// Loads the product of that name from beside the running tests.
    public convenience init(named name: String) throws(TestProblem) {
        try self.init(path: Self.folder + "/lib\(name).so")
    }

    /// Loads a shared object.
    public convenience init(path: String) throws(TestProblem) {
        guard let image = dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(image, "gw_plugin_entry_v1")
        else { throw TestProblem(message: String(cString: dlerror())) }
        typealias Function = @convention(c) (UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>?
        let entry = unsafeBitCast(symbol, to: Function.self)
        try self.init { entry($0) }
    }

    private static var folder: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(0, length)).map(UInt8.init), as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    private var modules: [gw_module] {
        (0..<Int(table.module_count)).map { table.modules![$0].pointee }
    }

    public var name: String { String(table.name) }
    public var moduleIDs: [String] { modules.map { String($0.id) } }

    /// Makes an instance from its configuration and provisions it.
    public func make(_ id: String, _ json: String) throws(TestProblem) -> TestHandler {
        guard let module = modules.first(where: { String($0.id) == id }) else {
            throw TestProblem(message: "no module \(id)")
        }
        _ = TestHost.takeProblem()
        return try TestHandler(module, json)
    }

    /// The JSON that one use of a directive gives. White space separates tokens, quotes group.
    public func adapt(_ text: String) throws(TestProblem) -> String {
        let tokens = TestTokens.read(text)
        let name = String(tokens[0].text)
        let directives = modules.flatMap { module in
            (0..<Int(module.directive_count)).map { module.directives![$0].pointee }
        }
        guard let directive = directives.first(where: { String($0.name) == name }) else {
            throw TestProblem(message: "no directive \(name)")
        }
        _ = TestHost.takeProblem()
        let out = Unmanaged.passRetained(TestOutput())
        defer { out.release() }
        let code = tokens.withUnsafeBufferPointer { tokens in
            var call = gw_directive_call(
                struct_size: UInt32(MemoryLayout<gw_directive_call>.size), rev: 0,
                tokens: tokens.baseAddress!, token_count: tokens.count, file: lasting("Caddyfile"),
                host: out.toOpaque())
            return directive.parse(&call, OpaquePointer(out.toOpaque()))
        }
        if let problem = TestHost.takeProblem() { throw problem }
        guard code == GW_OK else { throw TestProblem(message: "status \(code)") }
        return out.takeUnretainedValue().text
    }
}

/// An instance of a module.
public final class TestHandler {
    let instance: UnsafeMutableRawPointer?
    let hooks: gw_http_handler_ops
    let stateSize: Int
    private let life: gw_instance_ops
    private let kind: String
    private let kindOps: UnsafeRawPointer?

    fileprivate init(_ module: gw_module, _ json: String) throws(TestProblem) {
        life = module.instance_ops.pointee
        kind = String(module.kind)
        kindOps = module.kind_ops
        let handlerOps = kind == GW_KIND_HTTP_HANDLER ? module.kind_ops : nil
        hooks =
            handlerOps?.assumingMemoryBound(to: gw_http_handler_ops.self).pointee
            ?? gw_http_handler_ops()
        stateSize = Int(module.state_size)
        var made: UnsafeMutableRawPointer?
        var code = life.create(TestHost.scope, lasting(json), &made)
        instance = made
        if code == GW_OK { code = life.provision?(made, TestHost.scope) ?? GW_OK }
        if code == GW_OK { code = life.validate?(made, TestHost.scope) ?? GW_OK }
        guard code == GW_OK else {
            throw TestHost.takeProblem() ?? TestProblem(message: "status \(code)")
        }
    }

    deinit { if instance != nil { life.cleanup(instance) } }

    /// Names of some hooks that the table has.
    public var hookNames: [String] {
        let present = [
            ("request", hooks.on_request != nil), ("request_body", hooks.on_request_body != nil),
            ("response", hooks.on_response != nil),
            ("response_body", hooks.on_response_body != nil),
            ("complete", hooks.on_complete != nil), ("cancel", hooks.on_cancel != nil),
            ("upstream_head", hooks.on_upstream_head != nil), ("error", hooks.on_error != nil),
        ]
        return present.filter(\.1).map(\.0)
    }

    /// What a matcher answers, nil for another kind of module.
    public func match(_ exchange: TestExchange) -> Int32? {
        guard kind == GW_KIND_MATCHER else { return nil }
        let ops = kindOps?.assumingMemoryBound(to: gw_matcher_ops.self).pointee
        return ops?.match(instance, exchange.request)
    }

    /// The value of a placeholder, nil when there is none, and the code that was not `GW_OK`.
    public func resolve(_ name: String, _ exchange: TestExchange) -> (text: String?, code: Int32) {
        guard kind == GW_KIND_PLACEHOLDER,
            let ops = kindOps?.assumingMemoryBound(to: gw_placeholder_ops.self).pointee
        else { return (nil, GW_E_UNSUPPORTED) }
        var slot: UInt32 = 0
        let found = ops.find(instance, lasting(name), &slot)
        guard found == GW_OK else { return (nil, found) }
        var value = gw_view()
        let code = ops.resolve(instance, exchange.request, slot, &value)
        return (code == GW_OK ? String(value) : nil, code)
    }

    public func exchange(
        _ method: String = "GET", _ uri: String = "/",
        fields: [(name: String, value: String)] = []
    ) -> TestExchange {
        TestExchange(self, method: method, uri: uri, fields: fields)
    }
}

final class TestOutput {
    var text = ""
}

enum TestTokens {
    static func read(_ text: String) -> [gw_token] {
        var tokens: [gw_token] = []
        for (number, line) in text.split(separator: "\n").enumerated() {
            var isFirst = true
            var word = ""
            var isQuoted = false
            var wasQuoted = false
            func finish() {
                guard !word.isEmpty || wasQuoted else { return }
                tokens.append(
                    gw_token(
                        text: lasting(word), line: UInt32(number + 1),
                        flags: (isFirst ? GW_TOKEN_NEW_LINE : 0)
                            | (wasQuoted ? GW_TOKEN_QUOTED : 0),
                        depth: 0, reserved: 0))
                isFirst = false
                word = ""
                wasQuoted = false
            }
            for character in line {
                if character == "\"" {
                    isQuoted.toggle()
                    wasQuoted = true
                } else if character == " ", !isQuoted {
                    finish()
                } else {
                    word.append(character)
                }
            }
            finish()
        }
        return tokens
    }
}
