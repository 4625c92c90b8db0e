// A plugin to copy: the directive "hello_cpp" answers with a greeting. Needs nothing but the headers.
#include <gateway/gateway.h>

#include <memory>
#include <new>
#include <string_view>

namespace {

constexpr std::string_view name = "hello_cpp";

const gw_host_core *core;
const gw_host_http *http;
const gw_host_adapt *adapt;
const gw_host_json *json;

gw_view view(std::string_view text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

gw_diag problem(std::string_view message, uint32_t token = 0) {
    gw_diag diag{};
    diag.struct_size = sizeof diag;
    diag.code = GW_E_CONFIG;
    diag.message = view(message);
    diag.token = token;
    return diag;
}

gw_status fail(gw_scope *scope, std::string_view message) {
    const gw_diag diag = problem(message);
    core->fail(scope, &diag);
    return GW_E_CONFIG;
}

// One use of the directive. No exception may leave a function that the host calls.
struct Hello {
    gw_template greeting = 0;

    // Reads {"greeting": "…"}.
    static gw_status create(gw_scope *scope, gw_view text, void **out) {
        gw_json document;
        if (json->open(text, &document) != GW_OK)
            return fail(scope, "the configuration is no JSON");
        auto hello = std::unique_ptr<Hello>(new (std::nothrow) Hello);
        gw_status status = hello ? hello->read(scope, document) : fail(scope, "out of memory");
        json->close(document);
        if (status == GW_OK) *out = hello.release();
        return status;
    }

    static void cleanup(void *instance) { delete static_cast<Hello *>(instance); }

    static gw_verdict on_request(void *instance, gw_req *request, void *) {
        const auto *hello = static_cast<const Hello *>(instance);
        gw_view body;
        if (gw_status status = http->template_eval(request, hello->greeting, &body); status < 0)
            return status;
        gw_res *response = http->response(request, 200);
        if (response == nullptr) return GW_E_LIMIT;
        gw_status status = http->field_set(
            &response->fields, GW_FIELD_CONTENT_TYPE, view("text/plain; charset=utf-8"));
        if (status == GW_OK) status = http->respond(request, body);
        return status < 0 ? status : GW_RESPOND;
    }

private:
    gw_status read(gw_scope *scope, gw_json document) {
        gw_json_value value{};
        value.struct_size = sizeof value;
        if (json->get(document, view("/greeting"), &value) != GW_OK || value.type != GW_JSON_STRING)
            return fail(scope, "greeting is missing, expected a string");
        gw_json_value whole{};
        whole.struct_size = sizeof whole;
        if (json->get(document, view(""), &whole) != GW_OK || whole.count != 1)
            return fail(scope, "unknown member, expected greeting only");
        return http->template_compile(scope, value.text, 0, &greeting);
    }
};

// hello_cpp [<matcher>] <greeting>
gw_status parse(const gw_directive_call *call, gw_out *out) {
    gw_diag diag = problem("hello_cpp expects one greeting");
    if (call->token_count != 2) {
        adapt->fail(call, &diag);
        return GW_E_CONFIG;
    }
    const gw_view text = call->tokens[1].text;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '"' && text.ptr[i] != '\\' && text.ptr[i] >= ' ') continue;
        diag = problem("a greeting holds no quotes, backslashes or line breaks", 1);
        adapt->fail(call, &diag);
        return GW_E_CONFIG;
    }
    core->out_write(out, view(R"({"handler":"hello_cpp","greeting":")"));
    core->out_write(out, text);
    return core->out_write(out, view(R"("})"));
}

const gw_instance_ops instance_ops = [] {
    gw_instance_ops ops{};
    ops.struct_size = sizeof ops;
    ops.create = Hello::create;
    ops.cleanup = Hello::cleanup;
    return ops;
}();

const gw_http_handler_ops hooks = [] {
    gw_http_handler_ops ops{};
    ops.struct_size = sizeof ops;
    ops.on_request = Hello::on_request;
    return ops;
}();

const gw_directive directive = [] {
    gw_directive made{};
    made.struct_size = sizeof made;
    made.name = view(name);
    made.order = view("before:respond");
    made.flags = GW_DIRECTIVE_MATCHER;
    made.doc = view("greets somebody");
    made.parse = parse;
    return made;
}();

const gw_directive *const directives[] = {&directive};

const gw_module module_hello = [] {
    gw_module made{};
    made.struct_size = sizeof made;
    made.id = view("http.handlers.hello_cpp");
    made.kind = view(GW_KIND_HTTP_HANDLER);
    made.instance_ops = &instance_ops;
    made.kind_ops = &hooks;
    made.directives = directives;
    made.directive_count = 1;
    made.state_align = 1;
    return made;
}();

const gw_module *const modules[] = {&module_hello};

const gw_plugin plugin = [] {
    gw_plugin made{};
    made.struct_size = sizeof made;
    made.abi_built_minor = GW_ABI_MINOR;
    made.name = view(name);
    made.version = view("1.0.0");
    made.modules = modules;
    made.module_count = 1;
    return made;
}();

} // namespace

extern "C" const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = static_cast<const gw_host_core *>(boot->iface(view(GW_IFACE_CORE)));
    http = static_cast<const gw_host_http *>(boot->iface(view(GW_IFACE_HTTP)));
    adapt = static_cast<const gw_host_adapt *>(boot->iface(view(GW_IFACE_ADAPT)));
    json = static_cast<const gw_host_json *>(boot->iface(view(GW_IFACE_JSON)));
    if ((core && http && adapt && json) || (boot->flags & GW_BOOT_SCAN)) return &plugin;
    gw_diag diag = problem("this host lacks an interface that hello_cpp needs");
    diag.code = GW_E_UNSUPPORTED;
    boot->fail(&diag);
    return nullptr;
}
