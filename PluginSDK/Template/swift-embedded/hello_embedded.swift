// A plugin to copy: the directive "hello_embedded" answers with a greeting. Embedded Swift over the C
// headers: a few kilobytes that need nothing but the C library.
import CGateway

nonisolated(unsafe) private var core: UnsafePointer<gw_host_core>?
nonisolated(unsafe) private var http: UnsafePointer<gw_host_http>?
nonisolated(unsafe) private var adapt: UnsafePointer<gw_host_adapt>?
nonisolated(unsafe) private var json: UnsafePointer<gw_host_json>?

/// Text that lives as long as the plugin.
private func view(_ text: StaticString) -> gw_view {
    gw_view(ptr: text.utf8Start, len: text.utf8CodeUnitCount)
}

private func problem(_ message: StaticString, token: UInt32 = 0) -> gw_diag {
    var diag = gw_diag()
    diag.struct_size = UInt32(MemoryLayout<gw_diag>.size)
    diag.code = GW_E_CONFIG
    diag.message = view(message)
    diag.token = token
    return diag
}

/// One use of the directive.
private final class Hello {
    let greeting: gw_template
    init(_ greeting: gw_template) { self.greeting = greeting }

    static func of(_ instance: UnsafeMutableRawPointer) -> Hello {
        Unmanaged<Hello>.fromOpaque(instance).takeUnretainedValue()
    }
}

/// Reads {"greeting": "…"}.
private func create(
    _ scope: OpaquePointer, _ text: gw_view,
    _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> gw_status {
    guard let core, let json, let http else { return GW_E_UNSUPPORTED }
    var document: gw_json = 0
    guard json.pointee.open(text, &document) == GW_OK else { return GW_E_CONFIG }
    defer { json.pointee.close(document) }
    var value = gw_json_value()
    value.struct_size = UInt32(MemoryLayout<gw_json_value>.size)
    let found = json.pointee.get(document, view("/greeting"), &value)
    guard found == GW_OK, value.type == UInt32(GW_JSON_STRING) else {
        var diag = problem("greeting is missing, expected a string")
        core.pointee.fail(scope, &diag)
        return GW_E_CONFIG
    }
    var whole = gw_json_value()
    whole.struct_size = UInt32(MemoryLayout<gw_json_value>.size)
    guard json.pointee.get(document, view(""), &whole) == GW_OK, whole.count == 1 else {
        var diag = problem("unknown member, expected greeting only")
        core.pointee.fail(scope, &diag)
        return GW_E_CONFIG
    }
    var greeting: gw_template = 0
    let status = http.pointee.template_compile(scope, value.text, 0, &greeting)
    if status == GW_OK { out.pointee = Unmanaged.passRetained(Hello(greeting)).toOpaque() }
    return status
}

private func cleanup(_ instance: UnsafeMutableRawPointer?) {
    if let instance { Unmanaged<Hello>.fromOpaque(instance).release() }
}

private func onRequest(
    _ instance: UnsafeMutableRawPointer?, _ request: UnsafeMutablePointer<gw_req>,
    _ state: UnsafeMutableRawPointer
) -> gw_verdict {
    guard let http, let instance else { return GW_E_INTERNAL }
    var body = gw_view()
    var status = http.pointee.template_eval(request, Hello.of(instance).greeting, &body)
    guard status == GW_OK else { return status }
    guard let response = http.pointee.response(request, 200) else { return GW_E_LIMIT }
    status = http.pointee.field_set(
        &response.pointee.fields, UInt16(GW_FIELD_CONTENT_TYPE), view("text/plain; charset=utf-8"))
    if status == GW_OK { status = http.pointee.respond(request, body) }
    return status < 0 ? status : GW_RESPOND
}

/// hello_embedded [<matcher>] <greeting>
private func parse(
    _ call: UnsafePointer<gw_directive_call>, _ out: OpaquePointer
) -> gw_status {
    guard let core, let adapt else { return GW_E_UNSUPPORTED }
    guard call.pointee.token_count == 2 else {
        var diag = problem("hello_embedded expects one greeting")
        adapt.pointee.fail(call, &diag)
        return GW_E_CONFIG
    }
    let text = call.pointee.tokens[1].text
    let bytes = UnsafeBufferPointer(start: text.ptr, count: text.len)
    guard bytes.allSatisfy({ $0 != 0x22 && $0 != 0x5c && $0 >= 0x20 }) else {
        var diag = problem("a greeting holds no quotes, backslashes or line breaks", token: 1)
        adapt.pointee.fail(call, &diag)
        return GW_E_CONFIG
    }
    _ = core.pointee.out_write(out, view(#"{"handler":"hello_embedded","greeting":""#))
    _ = core.pointee.out_write(out, text)
    return core.pointee.out_write(out, view(#""}"#))
}

/// Memory that is filled once and lives as long as the process, as tables have to.
private func lasting<Table>(_ table: Table) -> UnsafePointer<Table> {
    let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
    memory.initialize(to: table)
    return UnsafePointer(memory)
}

private func makePlugin() -> UnsafePointer<gw_plugin> {
    let instance = gw_instance_ops(
        struct_size: UInt32(MemoryLayout<gw_instance_ops>.size), rev: 0, create: create,
        provision: nil, validate: nil, cleanup: cleanup, worker_start: nil, worker_stop: nil)
    var hooks = gw_http_handler_ops()
    hooks.struct_size = UInt32(MemoryLayout<gw_http_handler_ops>.size)
    hooks.on_request = onRequest
    let directive = gw_directive(
        struct_size: UInt32(MemoryLayout<gw_directive>.size), rev: 0,
        name: view("hello_embedded"), order: view("before:respond"),
        flags: UInt32(GW_DIRECTIVE_MATCHER), reserved: 0, doc: view("greets somebody"),
        parse: parse)
    let module = gw_module(
        struct_size: UInt32(MemoryLayout<gw_module>.size), rev: 0,
        id: view("http.handlers.hello_embedded"), kind: view("gw.kind.http_handler/1"),
        instance_ops: lasting(instance), kind_ops: UnsafeRawPointer(lasting(hooks)),
        directives: lasting(lasting(directive)), directive_count: 1, state_size: 0, state_align: 1,
        flags: 0)
    var plugin = gw_plugin()
    plugin.struct_size = UInt32(MemoryLayout<gw_plugin>.size)
    plugin.abi_built_minor = UInt32(GW_ABI_MINOR)
    plugin.name = view("hello_embedded")
    plugin.version = view("1.0.0")
    plugin.modules = lasting(lasting(module))
    plugin.module_count = 1
    return lasting(plugin)
}

nonisolated(unsafe) private var plugin: UnsafePointer<gw_plugin>?

@c @implementation
public func gw_plugin_entry_v1(_ boot: UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>? {
    let find = boot.pointee.iface
    core = find(view("gw.core/1"))?.assumingMemoryBound(to: gw_host_core.self)
    http = find(view("gw.http/1"))?.assumingMemoryBound(to: gw_host_http.self)
    adapt = find(view("gw.adapt/1"))?.assumingMemoryBound(to: gw_host_adapt.self)
    json = find(view("gw.json/1"))?.assumingMemoryBound(to: gw_host_json.self)
    let isComplete = core != nil && http != nil && adapt != nil && json != nil
    guard isComplete || boot.pointee.flags & UInt32(GW_BOOT_SCAN) != 0 else {
        var diag = problem("this host lacks an interface that hello_embedded needs")
        diag.code = GW_E_UNSUPPORTED
        boot.pointee.fail(&diag)
        return nil
    }
    if plugin == nil { plugin = makePlugin() }
    return plugin
}
