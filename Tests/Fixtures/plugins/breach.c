// Breaks one rule of the contract per word, for the tests of the checking host.
#define NAME "breach"
#define STATE_SIZE 64
#include "fixture.h"

typedef struct breach_state {
    fixture *self;
    gw_req *req;
    const uint8_t *chunk;
    gw_ticket ticket;
} breach_state;

// What outlives an exchange; one at a time is enough.
static struct {
    fixture *self;
    gw_req *req;
    gw_ticket ticket;
} late;

static void use_late(void *argument) {
    (void)argument;
    if (is(late.self, "late-uri")) http->set_uri(late.req, VIEW("/late"));
    if (is(late.self, "late-field"))
        http->field_add_named(&late.req->fields, VIEW("X-Late"), VIEW("1"));
    if (is(late.self, "late-attach")) upstream->replayable(late.req);
    note("late");
}

static void on_pool(void *argument) {
    breach_state *state = argument;
    if (is(state->self, "pool-field"))
        http->field_add_named(&state->req->fields, VIEW("X-Pool"), VIEW("1"));
    if (is(state->self, "pool-respond")) http->response(state->req, 200);
    if (is(state->self, "pool-attach")) upstream->attach(state->req, 1, 0);
    if (is(state->self, "pool-call")) {
        gw_ticket ticket;
        gw_client_ops ops = {.struct_size = sizeof ops};
        gw_client_call call = {.struct_size = sizeof call, .method = VIEW("GET")};
        client->call(state->self->scope, &call, &ops, 0, &ticket);
    }
    if (is(state->self, "pool-cancel")) client->cancel(1);
    if (is(state->self, "pool-submit")) work->submit(state->self->scope, on_pool, 0, 0);
    if (is(state->self, "pool-timer"))
        loop->timer_start(state->self->scope, GW_WORKER_ANY, 1, use_late, 0);
    if (is(state->self, "pool-verdict")) loop->resume(state->ticket, GW_RESPOND);
    loop->resume(state->ticket, GW_NEXT);
}

static gw_verdict on_request(void *instance, gw_req *req, void *pointer) {
    breach_state *state = pointer;
    state->self = instance;
    state->req = req;
    late.self = instance;
    late.req = req;
    if (is(instance, "respond-twice")) {
        answer(req, 200, "one");
        http->respond(req, VIEW("two"));
        return GW_RESPOND;
    }
    if (is(instance, "response-again")) {
        answer(req, 200, "one");
        http->response(req, 201);
        return GW_RESPOND;
    }
    if (is(instance, "respond-first")) http->respond(req, VIEW("nothing prepared"));
    if (is(instance, "write-first")) {
        http->response(req, 200);
        http->write(req, VIEW("early"), 0);
        http->respond(req, VIEW("one"));
        return GW_RESPOND;
    }
    if (is(instance, "start-twice") || is(instance, "write-after-end")) {
        http->response(req, 200);
        http->start(req);
        if (is(instance, "start-twice")) http->start(req);
        http->write(req, VIEW("one"), GW_WRITE_END);
        if (is(instance, "write-after-end")) http->write(req, VIEW("two"), 0);
        return GW_RESPOND;
    }
    if (is(instance, "emit-early")) http->emit(req, VIEW("early"));
    if (is(instance, "null-view")) http->set_uri(req, (gw_view){0, 5});
    if (is(instance, "bad-uri")) http->set_uri(req, VIEW("no slash"));
    if (is(instance, "bad-status")) http->response(req, 99);
    if (is(instance, "bad-pool")) upstream->attach(req, 4711, 0);
    if (is(instance, "loop-field-id")) http->field_id(VIEW("X-Late"));
    if (is(instance, "bad-scope")) work->submit((gw_scope *)state, on_pool, 0, 0);
    if (is(instance, "bad-worker")) loop->post(77, use_late, 0);
    if (is(instance, "no-ticket")) loop->resume(0, GW_NEXT);
    if (is(instance, "stale-base")) {
        const uint8_t *before = req->fields.base;
        http->field_add_named(&req->fields, VIEW("X-Own"), VIEW("1"));
        note(before != req->fields.base && before[0] == 0xDB ? "poisoned" : "plausible");
    }
    if (strstr(((fixture *)instance)->mode, "pool-")) {
        state->ticket = loop->wait_begin(req, 0);
        work->submit(((fixture *)instance)->scope, on_pool, 0, state);
        return GW_WAIT;
    }
    return GW_NEXT;
}

static gw_verdict on_request_body(void *instance, gw_req *req, void *pointer,
                                  const gw_chunk *chunk) {
    breach_state *state = pointer;
    (void)req;
    if (is(instance, "stale-chunk") && chunk->data.len) state->chunk = chunk->data.ptr;
    return GW_NEXT;
}

static void on_complete(void *instance, gw_req *req, void *pointer, const gw_summary *summary) {
    breach_state *state = pointer;
    (void)req;
    (void)summary;
    if (state->chunk) note(state->chunk[0] == 0xDB ? "poisoned" : "plausible");
    if (strstr(((fixture *)instance)->mode, "late-"))
        loop->timer_start(((fixture *)instance)->scope, GW_WORKER_ANY, 1000000, use_late, 0);
}

static const gw_http_handler_ops hooks = {.struct_size = sizeof hooks,
                                          .on_request = on_request,
                                          .on_request_body = on_request_body,
                                          .on_complete = on_complete};

PLUGIN
