// The directive "operations" answers with what host calls cost in nanoseconds: a field by its id,
// a path from memory, a ticket completed on its own loop, the same from another thread (the call
// alone, and until the exchange goes on).
#include <gateway/gateway.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

GW_MANIFEST("{\"name\": \"operations\", \"version\": \"1\", \"abi\": {\"major\": 1, \"min_minor\": 0},"
            " \"permissions\": [\"threads\"],"
            " \"modules\": [{\"id\": \"http.handlers.operations\","
            " \"kind\": \"gw.kind.http_handler/1\","
            " \"directives\": [{\"name\": \"operations\", \"order\": \"before:respond\"}]}]}");

#define VIEW(text) {(const uint8_t *)(text), sizeof(text) - 1}
enum { READS = 1000 * 1000, RESUMES = 20 * 1000, CROSSINGS = 5 * 1000 };

static const gw_host_core *core;
static const gw_host_http *http;
static const gw_host_loop *loop;

// One run at a time; the benchmark asks once.
static struct {
    double read, path, resume, call, crossing;
    uint64_t began, calling;
    int left;
    _Atomic gw_ticket handed; // to the other thread
} run;

static gw_verdict answer(gw_req *req) {
    char text[128];
    int length = snprintf(text, sizeof text, "%.1f %.1f %.1f %.1f %.1f\n", run.read, run.path,
                          run.resume, run.call, run.crossing);
    if (http->response(req, 200) == NULL) return GW_E_LIMIT;
    gw_view body = {(const uint8_t *)text, (size_t)length};
    return http->respond(req, body) < 0 ? GW_E_LIMIT : GW_RESPOND;
}

static gw_verdict crossed(void *arg, gw_req *req);

static void *other_thread(void *arg) {
    for (int i = 0; i < CROSSINGS; i++) {
        gw_ticket ticket;
        while ((ticket = atomic_exchange(&run.handed, 0)) == 0) {}
        uint64_t before = core->now_monotonic();
        loop->resume_with(ticket, crossed, NULL, arg);
        run.calling += core->now_monotonic() - before;
    }
    return NULL;
}

static gw_verdict cross(gw_req *req) {
    gw_ticket ticket = loop->wait_begin(req, 0);
    atomic_store(&run.handed, ticket);
    return GW_WAIT;
}

static gw_verdict crossed(void *arg, gw_req *req) {
    (void)arg;
    if (--run.left > 0) return cross(req);
    run.crossing = (double)(core->now_monotonic() - run.began) / CROSSINGS;
    run.call = (double)run.calling / CROSSINGS;
    return answer(req);
}

static gw_verdict resumed(void *arg, gw_req *req) {
    pthread_t thread;
    if (--run.left > 0) {
        loop->resume_with(loop->wait_begin(req, 0), resumed, NULL, arg);
        return GW_WAIT;
    }
    run.resume = (double)(core->now_monotonic() - run.began) / RESUMES;
    run.left = CROSSINGS;
    run.began = core->now_monotonic();
    if (pthread_create(&thread, NULL, other_thread, NULL) != 0) return GW_E_INTERNAL;
    pthread_detach(thread);
    return cross(req);
}

static gw_verdict on_request(void *instance, gw_req *req, void *state) {
    (void)instance, (void)state;
    volatile size_t sink = 0;
    gw_view value;
    uint64_t start = core->now_monotonic();
    for (int i = 0; i < READS; i++) {
        http->field_get(&req->fields, GW_FIELD_USER_AGENT, &value);
        sink += value.len;
    }
    run.read = (double)(core->now_monotonic() - start) / READS;
    start = core->now_monotonic();
    for (int i = 0; i < READS; i++) {
        const volatile gw_req *now = req;
        sink += (size_t)(now->fields.base + now->path.off) + now->path.len;
    }
    run.path = (double)(core->now_monotonic() - start) / READS;
    run.left = RESUMES;
    run.calling = 0;
    run.began = core->now_monotonic();
    loop->resume_with(loop->wait_begin(req, 0), resumed, NULL, NULL);
    return GW_WAIT;
}

static gw_status create(gw_scope *scope, gw_view json, void **out) {
    (void)scope, (void)json, (void)out;
    return GW_OK;
}
static void cleanup(void *instance) { (void)instance; }

static gw_status parse(const gw_directive_call *call, gw_out *out) {
    static const gw_view json = VIEW("{\"handler\":\"operations\"}");
    (void)call;
    return core->out_write(out, json);
}

static const gw_instance_ops life = {
    .struct_size = sizeof life, .create = create, .cleanup = cleanup};
static const gw_http_handler_ops hooks = {.struct_size = sizeof hooks, .on_request = on_request};
static const gw_directive directive = {
    .struct_size = sizeof directive, .name = VIEW("operations"),
    .order = VIEW("before:respond"), .parse = parse};
static const gw_directive *const directives[] = {&directive};
static const gw_module module = {
    .struct_size = sizeof module, .id = VIEW("http.handlers.operations"),
    .kind = VIEW(GW_KIND_HTTP_HANDLER), .instance_ops = &life, .kind_ops = &hooks,
    .directives = directives, .directive_count = 1, .state_align = 1};
static const gw_module *const modules[] = {&module};
static const gw_plugin plugin = {
    .struct_size = sizeof plugin, .name = VIEW("operations"), .version = VIEW("1"),
    .modules = modules, .module_count = 1};

const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    static const gw_view names[] = {VIEW(GW_IFACE_CORE), VIEW(GW_IFACE_HTTP), VIEW(GW_IFACE_LOOP)};
    core = boot->iface(names[0]);
    http = boot->iface(names[1]);
    loop = boot->iface(names[2]);
    return &plugin;
}
