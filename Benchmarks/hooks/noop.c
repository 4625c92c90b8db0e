// The plugin "noop": one handler whose hook of the request says "go on". Ten copies of its
// directive in a chain show what a hook costs (Benchmarks/hooks.py).
#include <gateway/gateway.h>

GW_MANIFEST("{\"name\": \"noop\", \"version\": \"1.0.0\","
            " \"abi\": {\"major\": 1, \"min_minor\": 0, \"built_minor\": 0},"
            " \"runtime\": {\"lang\": \"c\", \"mode\": \"none\"},"
            " \"modules\": [{\"id\": \"http.handlers.noop\","
            "  \"kind\": \"gw.kind.http_handler/1\", \"hooks\": [\"request\"],"
            "  \"directives\": [{\"name\": \"noop\", \"order\": \"before:respond\"}]}]}");

#define VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const gw_host_core *core;
static int instance_mark;

static gw_status noop_create(gw_scope *scope, gw_view text, void **out) {
    (void)scope;
    (void)text;
    *out = &instance_mark;
    return GW_OK;
}

static void noop_cleanup(void *instance) { (void)instance; }

static gw_verdict noop_on_request(void *instance, gw_req *request, void *state) {
    (void)instance;
    (void)request;
    (void)state;
    return GW_NEXT;
}

static gw_status noop_parse(const gw_directive_call *call, gw_out *out) {
    (void)call;
    return core->out_write(out, (gw_view)VIEW("{\"handler\":\"noop\"}"));
}

static const gw_instance_ops instance_ops = {
    .struct_size = sizeof instance_ops,
    .create = noop_create,
    .cleanup = noop_cleanup,
};

static const gw_http_handler_ops hooks = {
    .struct_size = sizeof hooks,
    .on_request = noop_on_request,
};

static const gw_directive directive = {
    .struct_size = sizeof directive,
    .name = VIEW("noop"),
    .order = VIEW("before:respond"),
    .flags = GW_DIRECTIVE_MATCHER,
    .doc = VIEW("does nothing"),
    .parse = noop_parse,
};

static const gw_directive *const directives[] = {&directive};

static const gw_module module = {
    .struct_size = sizeof module,
    .id = VIEW("http.handlers.noop"),
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
    .name = VIEW("noop"),
    .version = VIEW("1.0.0"),
    .modules = modules,
    .module_count = 1,
};

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = boot->iface((gw_view)VIEW(GW_IFACE_CORE));
    return &plugin;
}
