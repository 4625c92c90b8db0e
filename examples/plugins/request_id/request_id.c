// request_id [<matcher>]: every request has an X-Request-Id on its way to the upstream, and the
// client gets it back. One that came with the request is kept when it is sane.
#include <gateway/gateway.h>
#include <string.h>

GW_MANIFEST("{\"name\": \"request_id\", \"version\": \"1.0.0\","
            " \"abi\": {\"major\": 1, \"min_minor\": 0, \"built_minor\": 0},"
            " \"runtime\": {\"lang\": \"c\", \"mode\": \"none\"},"
            " \"modules\": [{\"id\": \"http.handlers.request_id\","
            "  \"kind\": \"gw.kind.http_handler/1\", \"hooks\": [\"request\", \"response\"],"
            "  \"needs\": [\"gw.core/1\", \"gw.http/1\", \"gw.crypto/1\"],"
            "  \"directives\": [{\"name\": \"request_id\", \"order\": \"rank:850\"}]}]}");

#define VIEW(text) ((gw_view){(const uint8_t *)(text), sizeof(text) - 1})
#define STATIC_VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}
enum { ID_BYTES = 16, TEXT_MAX = 64 };

static const gw_host_core *core;
static const gw_host_http *http;
static const gw_host_crypto *crypto;
static uint16_t field; // the id of X-Request-Id, the same for the whole process

// What one exchange keeps; the host zeroes it and frees it.
struct state {
    uint8_t length;
    char text[TEXT_MAX];
};

static gw_status create(gw_scope *scope, gw_view json, void **out) {
    (void)scope, (void)json, (void)out;
    field = http->field_id(VIEW("X-Request-Id"));
    return field != 0 ? GW_OK : GW_E_LIMIT;
}
static void cleanup(void *instance) { (void)instance; }

// Letters, digits and "-_.": a stranger's id ends up in logs.
static int is_sane(gw_view id) {
    static const char allowed[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
    if (id.len == 0 || id.len > TEXT_MAX) return 0;
    for (size_t i = 0; i < id.len; i++)
        if (memchr(allowed, id.ptr[i], sizeof allowed - 1) == NULL) return 0;
    return 1;
}

static gw_status make_id(struct state *state) {
    uint8_t bytes[ID_BYTES];
    gw_status status = crypto->random(bytes, sizeof bytes);
    if (status < 0) return status;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state->text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        state->text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    state->length = 2 * ID_BYTES;
    return GW_OK;
}

static gw_view id_of(const struct state *state) {
    return (gw_view){(const uint8_t *)state->text, state->length};
}

static gw_verdict on_request(void *instance, gw_req *req, void *memory) {
    (void)instance;
    struct state *state = memory;
    gw_view given;
    if (http->field_get(&req->fields, field, &given) == GW_OK && is_sane(given)) {
        memcpy(state->text, given.ptr, given.len);
        state->length = (uint8_t)given.len;
        return GW_NEXT;
    }
    gw_status status = make_id(state);
    if (status == GW_OK) status = http->field_set(&req->fields, field, id_of(state));
    return status < 0 ? status : GW_NEXT;
}

static gw_verdict on_response(void *instance, gw_req *req, void *memory, gw_res *res) {
    (void)instance, (void)req;
    gw_status status = http->field_set(&res->fields, field, id_of(memory));
    return status < 0 ? status : GW_LEAVE;
}

static gw_status parse(const gw_directive_call *call, gw_out *out) {
    (void)call;
    return core->out_write(out, VIEW("{\"handler\":\"request_id\"}"));
}

static const gw_instance_ops life = {
    .struct_size = sizeof life, .create = create, .cleanup = cleanup};
static const gw_http_handler_ops hooks = {
    .struct_size = sizeof hooks, .on_request = on_request, .on_response = on_response};
static const gw_directive directive = {
    .struct_size = sizeof directive, .name = STATIC_VIEW("request_id"),
    .order = STATIC_VIEW("rank:850"), .flags = GW_DIRECTIVE_MATCHER,
    .doc = STATIC_VIEW("gives every request an id"), .parse = parse};
static const gw_directive *const directives[] = {&directive};
static const gw_module module = {
    .struct_size = sizeof module, .id = STATIC_VIEW("http.handlers.request_id"),
    .kind = STATIC_VIEW(GW_KIND_HTTP_HANDLER), .instance_ops = &life, .kind_ops = &hooks,
    .directives = directives, .directive_count = 1,
    .state_size = sizeof(struct state), .state_align = 1};
static const gw_module *const modules[] = {&module};
static const gw_plugin plugin = {
    .struct_size = sizeof plugin, .abi_built_minor = GW_ABI_MINOR,
    .name = STATIC_VIEW("request_id"), .version = STATIC_VIEW("1.0.0"),
    .modules = modules, .module_count = 1};

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = boot->iface(VIEW(GW_IFACE_CORE));
    http = boot->iface(VIEW(GW_IFACE_HTTP));
    crypto = boot->iface(VIEW(GW_IFACE_CRYPTO));
    return &plugin; // the manifest names what it needs, so the host has seen to it
}
