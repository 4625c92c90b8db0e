// A plugin that deals its tables out anew for every seed in GW_SKEW: other sizes, garbage behind
// them, words that are missing. It is used or refused; nothing of it may crash the gateway.
#include <gateway/gateway.h>
#include <stdlib.h>
#include <string.h>

GW_MANIFEST("{\"name\": \"skewed\", \"version\": \"1\", \"abi\": {\"major\": 1, \"min_minor\": 0},"
            " \"permissions\": [\"env\"],"
            " \"modules\": [{\"id\": \"http.handlers.skewed\","
            " \"kind\": \"gw.kind.http_handler/1\","
            " \"directives\": [{\"name\": \"skewed\", \"order\": \"before:respond\"}]}]}");

#define VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const gw_host_core *core;

static gw_status create(gw_scope *scope, gw_view json, void **out) {
    (void)scope, (void)json;
    *out = malloc(1);
    return GW_OK;
}
static gw_status step(void *instance, gw_scope *scope) {
    (void)instance, (void)scope;
    return GW_OK;
}
static void cleanup(void *instance) { free(instance); }
static gw_verdict on_request(void *instance, gw_req *req, void *state) {
    (void)instance, (void)req, (void)state;
    return GW_NEXT;
}
static gw_status parse(const gw_directive_call *call, gw_out *out) {
    static const gw_view json = VIEW("{\"handler\":\"skewed\"}");
    (void)call;
    return core->out_write(out, json);
}

static const gw_instance_ops life = {.struct_size = sizeof life, .create = create,
                                     .provision = step, .validate = step, .cleanup = cleanup};
static const gw_http_handler_ops hooks = {.struct_size = sizeof hooks, .on_request = on_request};
static const gw_directive directive = {
    .struct_size = sizeof directive, .name = VIEW("skewed"), .order = VIEW("before:respond"),
    .doc = VIEW("is skewed"), .parse = parse};
static const gw_module module = {
    .struct_size = sizeof module, .id = VIEW("http.handlers.skewed"),
    .kind = VIEW(GW_KIND_HTTP_HANDLER), .directive_count = 1, .state_size = 8, .state_align = 8};
static const gw_plugin plugin = {.struct_size = sizeof plugin, .name = VIEW("skewed"),
                                 .version = VIEW("1"), .module_count = 1};

static uint64_t state;
static uint32_t draw(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

// A copy that may say another size, with garbage behind it, and may lack a word.
static void *skew(const void *table, size_t known) {
    uint8_t *copy = malloc(known + 64);
    uint32_t size = (uint32_t)known;
    memset(copy, 0xa5, known + 64);
    memcpy(copy, table, known);
    switch (draw(8)) {
    case 0: size += 8 * (1 + draw(8)); break;
    case 1: size = draw(size); break;
    case 2: size = draw(4) == 0 ? draw(UINT32_MAX) : size; break;
    default: break;
    }
    memcpy(copy, &size, sizeof size);
    if (draw(5) == 0) memset(copy + 8 * (1 + draw((uint32_t)known / 8 - 1)), 0, 8);
    return copy;
}

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    static const gw_view name = VIEW(GW_IFACE_CORE);
    const char *seed = getenv("GW_SKEW");
    const gw_directive **directives = calloc(1, sizeof *directives);
    const gw_module **modules = calloc(1, sizeof *modules);
    gw_module whole = module;
    gw_plugin all = plugin;
    core = boot->iface(name);
    state = seed != NULL ? strtoull(seed, NULL, 10) : 0;
    directives[0] = draw(20) > 0 ? skew(&directive, sizeof directive) : NULL;
    whole.directives = directives;
    whole.instance_ops = skew(&life, sizeof life);
    whole.kind_ops = skew(&hooks, sizeof hooks);
    if (draw(20) == 0) whole.kind.len -= 1;
    modules[0] = draw(20) > 0 ? skew(&whole, sizeof whole) : NULL;
    all.modules = modules;
    return skew(&all, sizeof all);
}
