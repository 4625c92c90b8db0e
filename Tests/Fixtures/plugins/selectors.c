// Matchers and placeholders for the tests: one of each with a directive and one without.
#include <gateway/gateway.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(id, kind, more) \
    "{\"id\": \"" id "\", \"kind\": \"" kind "\"" more "}"

GW_MANIFEST("{\"name\": \"selectors\", \"version\": \"1\", \"abi\": {\"major\": 1, \"min_minor\": 0},"
            " \"modules\": ["
            MODULE("http.matchers.flagged", "gw.kind.matcher/1", "") ","
            MODULE("http.matchers.path_is", "gw.kind.matcher/1",
                   ", \"directives\": [{\"name\": \"path_is\"}]") ","
            MODULE("http.placeholders.fixed", "gw.kind.placeholder/1", "") ","
            MODULE("http.placeholders.constant", "gw.kind.placeholder/1",
                   ", \"directives\": [{\"name\": \"constant\"}]") "]}");

#define VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const gw_host_core *core;
static const gw_host_http *http;
static const gw_host_adapt *adapt;

static int is(gw_view a, const char *b) {
    return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static gw_view path_of(const gw_req *req) {
    return (gw_view){req->fields.base + req->path.off, req->path.len};
}

// An instance is the JSON that it was made from.
struct text {
    size_t len;
    uint8_t bytes[];
};

static gw_status keep(gw_scope *scope, gw_view json, void **out) {
    (void)scope;
    struct text *self = malloc(sizeof *self + json.len);
    if (self == NULL) return GW_E_LIMIT;
    self->len = json.len;
    memcpy(self->bytes, json.ptr, json.len);
    *out = self;
    return GW_OK;
}

static void release(void *instance) { free(instance); }

static const gw_instance_ops life = {
    .struct_size = sizeof life, .create = keep, .cleanup = release};

// flagged: /flagged matches; /broken cannot be told, /denied neither, with a status.
static int32_t flagged(void *instance, gw_req *req) {
    (void)instance;
    gw_view path = path_of(req);
    if (is(path, "/broken")) return GW_E_INTERNAL;
    if (is(path, "/denied")) {
        gw_diag why = {.struct_size = sizeof why, .code = GW_E_DENIED, .http_status = 451};
        why.message = (gw_view)VIEW("not here");
        http->fail(req, &why);
        return GW_E_DENIED;
    }
    return is(path, "/flagged");
}

// path_is <word>: writes "<word>" with its quotes, which is compared with "<path>".
static int32_t path_is(void *instance, gw_req *req) {
    const struct text *self = instance;
    gw_view path = path_of(req);
    return path.len + 2 == self->len && memcmp(path.ptr, self->bytes + 1, path.len) == 0;
}

static gw_status quote(const gw_directive_call *call, gw_out *out) {
    static const gw_view mark = VIEW("\"");
    if (call->token_count != 2) {
        gw_diag why = {.struct_size = sizeof why, .code = GW_E_CONFIG};
        why.message = (gw_view)VIEW("path_is expects one path");
        adapt->fail(call, &why);
        return GW_E_CONFIG;
    }
    core->out_write(out, mark);
    core->out_write(out, call->tokens[1].text);
    return core->out_write(out, mark);
}

// fixed: {fixed.answer}, {fixed.path} borrowed from the request, {fixed.none}, {fixed.broken}.
static gw_status fixed_find(void *instance, gw_view name, uint32_t *slot) {
    static const char *const names[] = {"fixed.answer", "fixed.path", "fixed.none", "fixed.broken"};
    (void)instance;
    for (uint32_t i = 0; i < 4; i++)
        if (is(name, names[i])) return *slot = i, GW_OK;
    return GW_E_NOT_FOUND;
}

static gw_status fixed_resolve(void *instance, gw_req *req, uint32_t slot, gw_view *out) {
    (void)instance;
    if (slot == 0) return *out = (gw_view)VIEW("42"), GW_OK;
    if (slot == 1) return *out = path_of(req), GW_OK;
    return slot == 2 ? GW_E_NOT_FOUND : GW_E_INTERNAL;
}

// constant { value }: {constant} is its JSON.
static gw_status constant_find(void *instance, gw_view name, uint32_t *slot) {
    (void)instance;
    *slot = 0;
    return is(name, "constant") ? GW_OK : GW_E_NOT_FOUND;
}

static gw_status constant_resolve(void *instance, gw_req *req, uint32_t slot, gw_view *out) {
    const struct text *self = instance;
    (void)req, (void)slot;
    *out = (gw_view){self->bytes, self->len};
    return GW_OK;
}

static gw_status constant_parse(const gw_directive_call *call, gw_out *out) {
    static const gw_view head = VIEW("{\"value\":\""), tail = VIEW("\"}");
    core->out_write(out, head);
    core->out_write(out, call->tokens[call->token_count - 1].text);
    return core->out_write(out, tail);
}

#define DIRECTIVE(symbol, text, function) \
    static const gw_directive symbol = { \
        .struct_size = sizeof symbol, .name = VIEW(text), .parse = function}; \
    static const gw_directive *const symbol##_list[] = {&symbol}

DIRECTIVE(path_is_directive, "path_is", quote);
DIRECTIVE(constant_directive, "constant", constant_parse);

static const gw_matcher_ops flagged_ops = {.struct_size = sizeof flagged_ops, .match = flagged};
static const gw_matcher_ops path_is_ops = {.struct_size = sizeof path_is_ops, .match = path_is};
static const gw_placeholder_ops fixed_ops = {
    .struct_size = sizeof fixed_ops, .find = fixed_find, .resolve = fixed_resolve};
static const gw_placeholder_ops constant_ops = {
    .struct_size = sizeof constant_ops, .find = constant_find, .resolve = constant_resolve};

static const gw_module flagged_module = {
    .struct_size = sizeof flagged_module, .id = VIEW("http.matchers.flagged"),
    .kind = VIEW(GW_KIND_MATCHER), .instance_ops = &life, .kind_ops = &flagged_ops};
static const gw_module path_is_module = {
    .struct_size = sizeof path_is_module, .id = VIEW("http.matchers.path_is"),
    .kind = VIEW(GW_KIND_MATCHER), .instance_ops = &life, .kind_ops = &path_is_ops,
    .directives = path_is_directive_list, .directive_count = 1};
static const gw_module fixed_module = {
    .struct_size = sizeof fixed_module, .id = VIEW("http.placeholders.fixed"),
    .kind = VIEW(GW_KIND_PLACEHOLDER), .instance_ops = &life, .kind_ops = &fixed_ops};
static const gw_module constant_module = {
    .struct_size = sizeof constant_module, .id = VIEW("http.placeholders.constant"),
    .kind = VIEW(GW_KIND_PLACEHOLDER), .instance_ops = &life, .kind_ops = &constant_ops,
    .directives = constant_directive_list, .directive_count = 1};

static const gw_module *const modules[] = {
    &flagged_module, &path_is_module, &fixed_module, &constant_module};

static const gw_plugin plugin = {
    .struct_size = sizeof plugin, .name = VIEW("selectors"), .version = VIEW("1"),
    .modules = modules, .module_count = 4};

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = boot->iface((gw_view)VIEW(GW_IFACE_CORE));
    http = boot->iface((gw_view)VIEW(GW_IFACE_HTTP));
    adapt = boot->iface((gw_view)VIEW(GW_IFACE_ADAPT));
    return &plugin;
}
