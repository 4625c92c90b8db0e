// A plugin to copy: the directive "hello_c" answers with a greeting. Needs nothing but the headers.
#include <gateway/gateway.h>
#include <stdlib.h>
#include <string.h>

GW_MANIFEST("{\"name\": \"hello_c\", \"version\": \"1.0.0\","
            " \"abi\": {\"major\": 1, \"min_minor\": 0, \"built_minor\": 0},"
            " \"runtime\": {\"lang\": \"c\", \"mode\": \"none\"},"
            " \"modules\": [{\"id\": \"http.handlers.hello_c\","
            "  \"kind\": \"gw.kind.http_handler/1\", \"hooks\": [\"request\"],"
            "  \"directives\": [{\"name\": \"hello_c\", \"order\": \"before:respond\"}]}]}");

#define VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const gw_host_core *core;
static const gw_host_http *http;
static const gw_host_adapt *adapt;
static const gw_host_json *json;

struct hello {
    gw_template greeting;
};

static gw_status fail(gw_scope *scope, const char *message) {
    gw_diag problem = {.struct_size = sizeof problem, .code = GW_E_CONFIG};
    problem.message = (gw_view){(const uint8_t *)message, strlen(message)};
    core->fail(scope, &problem);
    return GW_E_CONFIG;
}

// Reads {"greeting": "…"}.
static gw_status hello_create(gw_scope *scope, gw_view text, void **out) {
    gw_json document;
    gw_json_value value = {.struct_size = sizeof value};
    if (json->open(text, &document) != GW_OK) return fail(scope, "the configuration is no JSON");
    struct hello *self = calloc(1, sizeof *self);
    if (self == NULL) {
        json->close(document);
        return fail(scope, "out of memory");
    }
    *out = self;
    gw_json_value whole = {.struct_size = sizeof whole};
    json->get(document, (gw_view)VIEW(""), &whole);
    gw_status status = json->get(document, (gw_view)VIEW("/greeting"), &value);
    if (status != GW_OK || value.type != GW_JSON_STRING)
        status = fail(scope, "greeting is missing, expected a string");
    else if (whole.count != 1)
        status = fail(scope, "unknown member, expected greeting only");
    else
        status = http->template_compile(scope, value.text, 0, &self->greeting);
    json->close(document);
    return status;
}

static void hello_cleanup(void *instance) { free(instance); }

static gw_verdict hello_on_request(void *instance, gw_req *request, void *state) {
    (void)state;
    const struct hello *self = instance;
    gw_view body;
    gw_status status = http->template_eval(request, self->greeting, &body);
    if (status < 0) return status;
    gw_res *response = http->response(request, 200);
    if (response == NULL) return GW_E_LIMIT;
    gw_view type = VIEW("text/plain; charset=utf-8");
    status = http->field_set(&response->fields, GW_FIELD_CONTENT_TYPE, type);
    if (status < 0) return status;
    status = http->respond(request, body);
    return status < 0 ? status : GW_RESPOND;
}

// hello_c [<matcher>] <greeting>
static gw_status hello_parse(const gw_directive_call *call, gw_out *out) {
    static const gw_view head = VIEW("{\"handler\":\"hello_c\",\"greeting\":\"");
    static const gw_view tail = VIEW("\"}");
    gw_diag problem = {.struct_size = sizeof problem, .code = GW_E_CONFIG};
    if (call->token_count != 2) {
        problem.message = (gw_view)VIEW("hello_c expects one greeting");
        adapt->fail(call, &problem);
        return GW_E_CONFIG;
    }
    gw_view text = call->tokens[1].text;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '"' && text.ptr[i] != '\\' && text.ptr[i] >= ' ') continue;
        problem.message = (gw_view)VIEW("a greeting holds no quotes, backslashes or line breaks");
        problem.token = 1;
        adapt->fail(call, &problem);
        return GW_E_CONFIG;
    }
    core->out_write(out, head);
    core->out_write(out, text);
    return core->out_write(out, tail);
}

static const gw_instance_ops instance_ops = {
    .struct_size = sizeof instance_ops,
    .create = hello_create,
    .cleanup = hello_cleanup,
};

static const gw_http_handler_ops hooks = {
    .struct_size = sizeof hooks,
    .on_request = hello_on_request,
};

static const gw_directive directive = {
    .struct_size = sizeof directive,
    .name = VIEW("hello_c"),
    .order = VIEW("before:respond"),
    .flags = GW_DIRECTIVE_MATCHER,
    .doc = VIEW("greets somebody"),
    .parse = hello_parse,
};

static const gw_directive *const directives[] = {&directive};

static const gw_module module = {
    .struct_size = sizeof module,
    .id = VIEW("http.handlers.hello_c"),
    .kind = VIEW(GW_KIND_HTTP_HANDLER),
    .instance_ops = &instance_ops,
    .kind_ops = &hooks,
    .directives = directives,
    .directive_count = 1,
    .state_align = 1,
};

static const gw_module *const modules[] = {&module};

static const gw_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_built_minor = GW_ABI_MINOR,
    .name = VIEW("hello_c"),
    .version = VIEW("1.0.0"),
    .modules = modules,
    .module_count = 1,
};

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = boot->iface((gw_view)VIEW(GW_IFACE_CORE));
    http = boot->iface((gw_view)VIEW(GW_IFACE_HTTP));
    adapt = boot->iface((gw_view)VIEW(GW_IFACE_ADAPT));
    json = boot->iface((gw_view)VIEW(GW_IFACE_JSON));
    if ((core && http && adapt && json) || (boot->flags & GW_BOOT_SCAN)) return &plugin;
    gw_diag problem = {.struct_size = sizeof problem, .code = GW_E_UNSUPPORTED};
    problem.message = (gw_view)VIEW("this host lacks an interface that hello_c needs");
    boot->fail(&problem);
    return NULL;
}
