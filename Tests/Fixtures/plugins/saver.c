// Error hooks: notes every error that comes by, and does with it what its words say.
#define NAME "saver"
#include "fixture.h"

typedef struct saver_state {
    uint32_t errors;
    gw_ticket ticket;
} saver_state;

static gw_verdict on_request(void *instance, gw_req *req, void *state) {
    const saver_state *errors = state;
    char times[16];
    int length = snprintf(times, sizeof times, "%u", errors->errors);
    gw_view value = {(const uint8_t *)times, (size_t)length};
    // As often as the request passes, so that a request that was not restored shows.
    http->field_add_named(&req->fields, VIEW("X-Saver"), value);
    if (is(instance, "rewrites")) http->set_uri(req, VIEW("/rewritten"));
    return GW_NEXT;
}

static gw_verdict on_resume(void *argument, gw_req *req) {
    return is(argument, "respond") ? answer(req, 200, "saved later") : GW_REROUTE;
}

static gw_verdict on_error(void *instance, gw_req *req, void *state, const gw_error *error) {
    saver_state *seen = state;
    char line[200];
    snprintf(line, sizeof line, "%s saw %u code %d phase %u flags %u: %.*s",
             ((fixture *)instance)->mode, error->status, error->code, error->phase, error->flags,
             (int)error->message.len, error->message.ptr);
    note(line);
    seen->errors++;
    if (is(instance, "always")) return GW_REROUTE;
    if (seen->errors > 1) return GW_NEXT;
    if (is(instance, "wait")) {
        seen->ticket = loop->wait_begin(req, is(instance, "forever") ? 50000000 : 0);
        if (!is(instance, "forever")) loop->resume_with(seen->ticket, on_resume, 0, instance);
        return GW_WAIT;
    }
    if (is(instance, "reroute")) return GW_REROUTE;
    if (is(instance, "respond")) return answer(req, 200, "saved");
    if (is(instance, "deny")) {
        gw_diag diag = {.struct_size = sizeof diag, .code = GW_E_DENIED, .http_status = 418};
        diag.message = VIEW("another error");
        http->fail(req, &diag);
        return GW_E_DENIED;
    }
    if (is(instance, "nonsense")) return GW_SPLICE;
    return GW_NEXT;
}

static const gw_http_handler_ops hooks = {
    .struct_size = sizeof hooks, .on_request = on_request, .on_error = on_error};

PLUGIN
