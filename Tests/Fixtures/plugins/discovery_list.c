// Shows what the service discovery/1 gives, as JSON: the newest snapshot after a look ("/"), as it
// is ("/now"), or one that was acquired once and kept ("/keep", then "/kept").
#define NAME "discovery_list"
#define PROVISION list_provision
#define RETIRE list_retire
#include <gateway/types.h>
static gw_status list_provision(void *instance, gw_scope *scope);
static void list_retire(void *instance);
#include "fixture.h"
#include <gateway/ext/discovery.h>
#include <stdatomic.h>

static const gw_discovery *discovery;
// A reload makes the new instance before the old one ends.
static struct {
    void *instance;
    gw_discovery_watch *watch;
} watches[8];
static gw_discovery_snapshot *kept;
static atomic_ullong changes;

static void changed(void *arg, uint64_t generation) {
    (void)arg;
    atomic_store(&changes, generation);
}

static gw_status list_provision(void *instance, gw_scope *scope) {
    void *self = NULL;
    const void *table = NULL;
    gw_status status = service->bind(scope, VIEW(GW_SERVICE_DISCOVERY), &table, &self);
    if (status != GW_OK) return status;
    discovery = table;
    for (size_t i = 0; i < sizeof watches / sizeof *watches; i++) {
        if (watches[i].instance) continue;
        status = discovery->watch(self, scope, &watches[i].watch);
        if (status != GW_OK) return status;
        watches[i].instance = instance;
        discovery->on_change(watches[i].watch, changed, NULL);
        return GW_OK;
    }
    return GW_E_LIMIT;
}

static void list_retire(void *instance) {
    for (size_t i = 0; i < sizeof watches / sizeof *watches; i++) {
        if (watches[i].instance != instance) continue;
        discovery->release(watches[i].watch);
        watches[i].instance = NULL;
    }
}

// A text that grows.
typedef struct text {
    char *bytes;
    size_t len, room;
} text;

static void put(text *out, const char *bytes, size_t len) {
    if (out->len + len > out->room) {
        out->room = (out->len + len) * 2;
        out->bytes = realloc(out->bytes, out->room);
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void print(text *out, const char *format, unsigned long long number) {
    char piece[128];
    put(out, piece, (size_t)snprintf(piece, sizeof piece, format, number));
}

static void string(text *out, const char *name, gw_view view) {
    if (name) {
        put(out, ",\"", 2);
        put(out, name, strlen(name));
        put(out, "\":", 2);
    }
    put(out, "\"", 1);
    for (size_t i = 0; i < view.len; i++) {
        char byte = (char)view.ptr[i];
        if (byte == '"' || byte == '\\') put(out, "\\", 1);
        put(out, &byte, 1);
    }
    put(out, "\"", 1);
}

static void lists(text *out, const gw_discovery_candidate *it) {
    put(out, ",\"addresses\":[", 14);
    for (size_t i = 0; i < it->address_count; i++) {
        if (i) put(out, ",", 1);
        string(out, NULL, it->addresses[i]);
    }
    put(out, "],\"published\":[", 15);
    for (size_t i = 0; i < it->published_count; i++) {
        print(out, i ? ",{\"container\":%llu" : "{\"container\":%llu", it->published[i].container);
        print(out, ",\"host\":%llu", it->published[i].host);
        string(out, "ip", it->published[i].address);
        put(out, "}", 1);
    }
    put(out, "],\"exposed\":[", 13);
    for (size_t i = 0; i < it->exposed_count; i++)
        print(out, i ? ",%llu" : "%llu", it->exposed[i]);
    put(out, "],\"labels\":{\"\":0", 16);
    for (size_t i = 0; i < it->label_count; i++) {
        put(out, ",", 1);
        string(out, NULL, it->labels[i].name);
        put(out, ":", 1);
        string(out, NULL, it->labels[i].value);
    }
    put(out, "},\"reasons\":[", 13);
    int count = 0;
    for (uint32_t mark = 1; mark; mark <<= 1)
        if (it->marks & mark) {
            if (count++) put(out, ",", 1);
            string(out, NULL, discovery->reason(mark));
        }
    put(out, "]", 1);
}

static void candidate(text *out, const gw_discovery_candidate *it, int32_t is_current) {
    put(out, "{\"kind\":", 8);
    put(out, it->kind == GW_DISCOVERY_PROCESS ? "\"process\"" : "\"container\"",
        it->kind == GW_DISCOVERY_PROCESS ? 9 : 11);
    string(out, "id", it->id);
    print(out, ",\"port\":%llu", it->port);
    print(out, ",\"marks\":%llu", it->marks);
    print(out, ",\"pid\":%llu", it->process_id);
    print(out, ",\"parent\":%llu", it->parent_id);
    print(out, ",\"start_time\":%llu", it->start_time);
    print(out, ",\"current\":%llu", (unsigned)is_current);
    string(out, "bind", it->bind);
    string(out, "command", it->command);
    string(out, "args", it->arguments);
    string(out, "workdir", it->working_directory);
    string(out, "executable", it->executable);
    string(out, "package_name", it->package_name);
    string(out, "name", it->container_name);
    string(out, "image", it->image);
    string(out, "compose_project", it->compose_project);
    string(out, "compose_service", it->compose_service);
    lists(out, it);
    put(out, "}", 1);
}

static gw_verdict show(gw_req *req, const gw_discovery_snapshot *snapshot) {
    text out = {0};
    print(&out, "{\"generation\":%llu", discovery->snapshot_generation(snapshot));
    print(&out, ",\"changes\":%llu,\"candidates\":[", atomic_load(&changes));
    const gw_discovery_candidate *it;
    for (size_t i = 0; (it = discovery->candidate(snapshot, i)); i++) {
        if (i) put(&out, ",", 1);
        candidate(&out, it, discovery->is_current(snapshot, i, 0));
    }
    put(&out, "],\"engines\":[", 13);
    const gw_discovery_engine *engine;
    for (size_t i = 0; (engine = discovery->engine(snapshot, i)); i++) {
        print(&out, i ? ",{\"connected\":%llu" : "{\"connected\":%llu", engine->is_connected);
        print(&out, ",\"containers\":%llu", engine->container_count);
        string(&out, "address", engine->address);
        string(&out, "problem", engine->problem);
        put(&out, "}", 1);
    }
    put(&out, "]}", 2);
    gw_verdict verdict = GW_E_INTERNAL;
    if (http->response(req, 200)
        && http->respond(req, (gw_view){(const uint8_t *)out.bytes, out.len}) == GW_OK)
        verdict = GW_RESPOND;
    free(out.bytes);
    return verdict;
}

static gw_verdict newest(void *arg, gw_req *req) {
    (void)arg;
    gw_discovery_snapshot *snapshot = discovery->acquire();
    gw_verdict verdict = show(req, snapshot);
    discovery->drop(snapshot);
    return verdict;
}

static void looked(void *arg) {
    gw_ticket *ticket = arg;
    loop->resume_with(*ticket, newest, NULL, NULL);
    free(ticket);
}

static int path_is(const gw_req *req, const char *path) {
    return req->path.len == strlen(path)
        && memcmp(req->fields.base + req->path.off, path, req->path.len) == 0;
}

static gw_verdict on_request(void *instance, gw_req *req, void *state) {
    (void)instance;
    (void)state;
    if (path_is(req, "/now")) return newest(NULL, req);
    if (path_is(req, "/kept") && kept) return show(req, kept);
    if (path_is(req, "/keep")) {
        if (kept) discovery->drop(kept);
        kept = discovery->acquire();
        return show(req, kept);
    }
    gw_ticket *ticket = malloc(sizeof *ticket);
    *ticket = loop->wait_begin(req, 0);
    // Nothing is less than 0 ns old, so that it always looks.
    if (discovery->refresh(0, looked, ticket) == GW_AGAIN) return GW_WAIT;
    free(ticket);
    return GW_E_INTERNAL;
}

static const gw_http_handler_ops hooks = {.struct_size = sizeof hooks, .on_request = on_request};

PLUGIN
