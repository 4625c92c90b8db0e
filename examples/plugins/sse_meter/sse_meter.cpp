// sse_meter [<matcher>]: counts the events and bytes of streamed answers and logs them at the end,
// with the time to the first event. It looks and changes nothing: bodies keep their length.
#include <gateway/gateway.h>

#include <cstring>
#include <string_view>

GW_MANIFEST(R"({"name": "sse_meter", "version": "1.0.0",
 "abi": {"major": 1, "min_minor": 0, "built_minor": 0},
 "runtime": {"lang": "c++", "mode": "none"},
 "modules": [{"id": "http.handlers.sse_meter", "kind": "gw.kind.http_handler/1",
  "hooks": ["response", "response_body", "complete"], "needs": ["gw.core/1", "gw.http/1"],
  "directives": [{"name": "sse_meter", "order": "before:reverse_proxy"}]}]})");

namespace {

const gw_host_core *core;
const gw_host_http *http;

gw_view view(std::string_view text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}
std::string_view text(gw_view bytes) {
    return {reinterpret_cast<const char *>(bytes.ptr), bytes.len};
}

struct Meter {
    gw_scope *scope;
};

// Of one exchange; begins as zeros and is never destroyed, so it holds plain values only.
struct State {
    uint64_t events, bytes, first_event_ns;
    bool has_line_break; // the last byte so far ended a line
};

// An event ends with an empty line (the HTML standard, "Server-sent events"); a line may end with
// LF, CR, or both, and a piece of the body may end anywhere.
void count(State &state, std::string_view piece, uint64_t now) {
    for (char c : piece) {
        if (c == '\r') continue;
        if (c == '\n' && state.has_line_break) {
            if (state.events++ == 0) state.first_event_ns = now;
            state.has_line_break = false;
        } else {
            state.has_line_break = c == '\n';
        }
    }
    state.bytes += piece.size();
}

gw_verdict on_response(void *, gw_req *, void *, gw_res *res) {
    gw_view type{};
    http->field_get(&res->fields, GW_FIELD_CONTENT_TYPE, &type);
    // Others need no more of our time, and their bodies go the short way again.
    return text(type).substr(0, 17) == "text/event-stream" ? GW_NEXT : GW_LEAVE;
}

gw_verdict on_response_body(void *, gw_req *, void *memory, const gw_chunk *chunk) {
    count(*static_cast<State *>(memory), text(chunk->data), core->now_monotonic());
    return GW_NEXT;
}

void on_complete(void *instance, gw_req *req, void *memory, const gw_summary *summary) {
    const auto &state = *static_cast<const State *>(memory);
    if (state.bytes == 0) return;
    gw_log_field fields[4] = {};
    fields[0] = {view("events"), GW_VALUE_UINT, 0, {}, static_cast<int64_t>(state.events), 0};
    fields[1] = {view("bytes"), GW_VALUE_UINT, 0, {}, static_cast<int64_t>(state.bytes), 0};
    const uint64_t first = state.events > 0 ? state.first_event_ns - req->start_ns : 0;
    fields[2] = {view("first_event"), GW_VALUE_DURATION, 0, {}, static_cast<int64_t>(first), 0};
    fields[3] = {view("complete"), GW_VALUE_BOOL, 0, {},
                 summary->outcome == GW_OUTCOME_COMPLETE, 0};
    core->log(static_cast<Meter *>(instance)->scope, GW_LOG_INFO, view("stream"), fields, 4);
}

gw_status create(gw_scope *scope, gw_view, void **out) {
    *out = new Meter{scope};
    return GW_OK;
}
void cleanup(void *instance) { delete static_cast<Meter *>(instance); }

gw_status parse(const gw_directive_call *, gw_out *out) {
    return core->out_write(out, view(R"({"handler":"sse_meter"})"));
}

template <class Table> constexpr Table table() {
    Table made{};
    made.struct_size = sizeof(Table);
    return made;
}

const gw_plugin *tables() {
    static auto life = table<gw_instance_ops>();
    static auto hooks = table<gw_http_handler_ops>();
    static auto directive = table<gw_directive>();
    static auto module = table<gw_module>();
    static auto plugin = table<gw_plugin>();
    static const gw_directive *directives[] = {&directive};
    static const gw_module *modules[] = {&module};
    life.create = create;
    life.cleanup = cleanup;
    hooks.on_response = on_response;
    hooks.on_response_body = on_response_body;
    hooks.on_complete = on_complete;
    directive.name = view("sse_meter");
    directive.order = view("before:reverse_proxy");
    directive.flags = GW_DIRECTIVE_MATCHER;
    directive.doc = view("logs events and bytes of streams");
    directive.parse = parse;
    module.id = view("http.handlers.sse_meter");
    module.kind = view(GW_KIND_HTTP_HANDLER);
    module.instance_ops = &life;
    module.kind_ops = &hooks;
    module.directives = directives;
    module.directive_count = 1;
    module.state_size = sizeof(State);
    module.state_align = alignof(State);
    module.flags = GW_MODULE_OBSERVES_BODIES;
    plugin.abi_built_minor = GW_ABI_MINOR;
    plugin.name = view("sse_meter");
    plugin.version = view("1.0.0");
    plugin.modules = modules;
    plugin.module_count = 1;
    return &plugin;
}

} // namespace

extern "C" const gw_plugin *gw_plugin_entry_v1(const gw_boot *boot) {
    core = static_cast<const gw_host_core *>(boot->iface(view(GW_IFACE_CORE)));
    http = static_cast<const gw_host_http *>(boot->iface(view(GW_IFACE_HTTP)));
    static const gw_plugin *const plugin = tables();
    return plugin;
}
