// What the test plugins share: the directive NAME takes words, the handler keeps them as its mode.
// Before including it, a plugin defines NAME and, with STATE_SIZE, what an exchange needs, with
// PROVISION and RETIRE, functions for the beginning and the end of an instance; behind
// its hooks it defines the table `hooks` and ends with PLUGIN.
#include <gateway/gateway.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef STATE_SIZE
#define STATE_SIZE 16
#endif
#ifndef FLAGS
#define FLAGS 0
#endif

#ifndef PROVISION
#define PROVISION NULL
#endif

#define UNUSED __attribute__((unused))
#define VIEW(text) ((gw_view){(const uint8_t *)(text), sizeof(text) - 1})
#define STATIC_VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}

GW_MANIFEST("{\"name\": \"" NAME "\", \"version\": \"1.0.0\","
            " \"abi\": {\"major\": 1, \"min_minor\": 0, \"built_minor\": 0},"
            " \"runtime\": {\"lang\": \"c\", \"mode\": \"none\"},"
            " \"modules\": [{\"id\": \"http.handlers." NAME "\","
            "  \"kind\": \"gw.kind.http_handler/1\","
            "  \"directives\": [{\"name\": \"" NAME "\", \"order\": \"before:respond\"}]}]}");

UNUSED static const gw_host_core *core;
UNUSED static const gw_host_http *http;
UNUSED static const gw_host_loop *loop;
UNUSED static const gw_host_work *work;
UNUSED static const gw_host_upstream *upstream;
UNUSED static const gw_host_client *client;
UNUSED static const gw_host_service *service;

typedef struct fixture {
    gw_scope *scope;
    char *mode;
} fixture;

UNUSED static gw_view text_view(const char *text) {
    return (gw_view){(const uint8_t *)text, strlen(text)};
}

// Whether the directive had that word.
UNUSED static int is(const void *instance, const char *word) {
    const char *mode = ((const fixture *)instance)->mode;
    size_t length = strlen(word);
    for (const char *at = strstr(mode, word); at; at = strstr(at + 1, word))
        if ((at == mode || at[-1] == ' ') && (at[length] == 0 || at[length] == ' ')) return 1;
    return 0;
}

// One line of the log, which tests read: "NAME: text".
UNUSED static void note(const char *text) {
    char line[256];
    int length = snprintf(line, sizeof line, NAME ": %s", text);
    core->log(0, GW_LOG_INFO, (gw_view){(const uint8_t *)line, (size_t)length}, 0, 0);
}

// Prepares a whole answer; the hook then returns what this returns.
UNUSED static gw_verdict answer(gw_req *req, uint16_t status, const char *body) {
    if (!http->response(req, status)) return GW_E_INTERNAL;
    return http->respond(req, text_view(body)) == GW_OK ? GW_RESPOND : GW_E_INTERNAL;
}

static gw_status fixture_create(gw_scope *scope, gw_view json, void **out) {
    fixture *self = calloc(1, sizeof *self);
    self->scope = scope;
    self->mode = calloc(1, json.len + 1);
    memcpy(self->mode, json.ptr, json.len);
    char *begin = strstr(self->mode, "\"mode\":\"");
    char *end = begin ? strchr(begin + 8, '"') : NULL;
    if (end) {
        *end = 0;
        memmove(self->mode, begin + 8, (size_t)(end - begin - 8) + 1);
    } else {
        self->mode[0] = 0;
    }
    *out = self;
    return GW_OK;
}

static void fixture_cleanup(void *instance) {
#ifdef RETIRE
    if (instance) RETIRE(instance);
#endif
    if (instance) free(((fixture *)instance)->mode);
    free(instance);
}

static gw_status fixture_parse(const struct gw_directive_call *call, gw_out *out) {
    core->out_write(out, VIEW("{\"handler\":\"" NAME "\",\"mode\":\""));
    for (size_t index = 1; index < call->token_count; index++) {
        if (index > 1) core->out_write(out, VIEW(" "));
        core->out_write(out, call->tokens[index].text);
    }
    return core->out_write(out, VIEW("\"}"));
}

#define PLUGIN                                                                                   \
    static const gw_instance_ops life = {.struct_size = sizeof life,                             \
                                         .create = fixture_create,                               \
                                         .provision = PROVISION,                                 \
                                         .cleanup = fixture_cleanup};                            \
    static const gw_directive directive = {.struct_size = sizeof directive,                      \
                                           .name = STATIC_VIEW(NAME),                            \
                                           .order = STATIC_VIEW("before:respond"),               \
                                           .parse = fixture_parse};                              \
    static const gw_directive *const directives[] = {&directive};                                \
    static const gw_module module = {.struct_size = sizeof module,                               \
                                     .id = STATIC_VIEW("http.handlers." NAME),                   \
                                     .kind = STATIC_VIEW(GW_KIND_HTTP_HANDLER),                  \
                                     .instance_ops = &life,                                      \
                                     .kind_ops = &hooks,                                         \
                                     .directives = directives,                                   \
                                     .directive_count = 1,                                       \
                                     .state_size = STATE_SIZE,                                   \
                                     .state_align = 16,                                          \
                                     .flags = FLAGS};                                            \
    static const gw_module *const modules[] = {&module};                                         \
    static const gw_plugin plugin = {.struct_size = sizeof plugin,                               \
                                     .name = STATIC_VIEW(NAME),                                  \
                                     .version = STATIC_VIEW("1.0.0"),                            \
                                     .modules = modules,                                         \
                                     .module_count = 1};                                         \
    __attribute__((visibility("default"))) const gw_plugin *gw_plugin_entry_v1(                  \
        const gw_boot *boot) {                                                                   \
        core = boot->iface(VIEW("gw.core/1"));                                                   \
        http = boot->iface(VIEW("gw.http/1"));                                                   \
        loop = boot->iface(VIEW("gw.loop/1"));                                                   \
        work = boot->iface(VIEW("gw.work/1"));                                                   \
        upstream = boot->iface(VIEW("gw.upstream/1"));                                           \
        client = boot->iface(VIEW("gw.client/1"));                                               \
        service = boot->iface(VIEW("gw.service/1"));                                             \
        return &plugin;                                                                          \
    }
