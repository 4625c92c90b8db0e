// Holds the head back while it looks at the body; its words say what becomes of the pieces.
#define NAME "holder"
#define STATE_SIZE 32
#include "fixture.h"

typedef struct holder_state {
    uint64_t bytes;
    uint32_t pieces;
    gw_ticket ticket;
} holder_state;

typedef struct resumption {
    gw_ticket ticket;
    gw_verdict verdict;
} resumption;

static gw_verdict on_request(void *instance, gw_req *req, void *state) {
    (void)state;
    if (is(instance, "watch")) return GW_NEXT;
    if (is(instance, "promise")) {
        if (is(instance, "soon")) loop->wait_begin(req, 50000000);
        return GW_RESPOND;
    }
    if (is(instance, "sleep")) {
        loop->wait_begin(req, 50000000);
        return GW_WAIT;
    }
    return is(instance, "collect") ? GW_COLLECT : GW_HOLD;
}

static void go_on(void *argument) {
    resumption *due = argument;
    loop->resume(due->ticket, due->verdict);
    free(due);
}

static gw_verdict on_request_body(void *instance, gw_req *req, void *pointer,
                                  const gw_chunk *chunk) {
    holder_state *state = pointer;
    int is_last = chunk->flags & GW_CHUNK_END;
    state->bytes += chunk->data.len;
    state->pieces++;
    if (state->pieces == 1 || is_last) {
        char line[80];
        snprintf(line, sizeof line, "%s %s", ((fixture *)instance)->mode,
                 is_last ? "saw the end" : "saw a piece");
        note(line);
    }
    if (is(instance, "mark") && chunk->data.len) http->emit(req, VIEW(">"));
    if (is(instance, "leave")) return GW_LEAVE;
    if (is(instance, "answer") && is_last) {
        char text[40];
        snprintf(text, sizeof text, "%llu bytes", (unsigned long long)state->bytes);
        return answer(req, 200, text);
    }
    if (is(instance, "answer")) return GW_TAKE;
    if (is(instance, "deny")) return state->bytes > 4 ? GW_E_DENIED : GW_NEXT;
    if (is(instance, "wait")) {
        resumption *due = malloc(sizeof *due);
        due->ticket = loop->wait_begin(req, 0);
        due->verdict = is(instance, "take") ? GW_TAKE : GW_NEXT;
        uint64_t delay = is(instance, "slow") && state->pieces == 1 ? 400000000 : 1000000;
        loop->timer_start(((fixture *)instance)->scope, req->worker, delay, go_on, due);
        return GW_WAIT;
    }
    return is(instance, "take") ? GW_TAKE : GW_NEXT;
}

static void on_cancel(void *instance, gw_req *req, void *state, gw_status reason) {
    (void)req;
    (void)state;
    char line[80];
    snprintf(line, sizeof line, "%s cancelled %d", ((fixture *)instance)->mode, reason);
    note(line);
}

static const gw_http_handler_ops hooks = {.struct_size = sizeof hooks,
                                          .on_request = on_request,
                                          .on_request_body = on_request_body,
                                          .on_cancel = on_cancel};

PLUGIN
