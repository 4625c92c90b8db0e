// HTTP handlers: the hooks of an exchange and what they may answer.
//
// A route is a chain of handlers. Request hooks run in chain order until one ends the request;
// response hooks run in reverse order, for the handlers that the request went through. A handler
// sees the responses of the handlers behind it and of the host on their behalf, never its own.
#pragma once
#include "gateway/message.h"

#ifdef __cplusplus
extern "C" {
#endif

// What a hook wants to happen. Negative: a GW_E_*; the error routes run, with the status and the
// message of gw_host_http.fail if the hook called it.
typedef int32_t gw_verdict;

#define GW_NEXT 0    // pass on, and call me again in this direction
#define GW_LEAVE 1   // pass on, and do not call me again in this direction
#define GW_HOLD 2    // on_request: keep the head back, and give me the body first
#define GW_COLLECT 3 // on_request: give me the whole body in one on_request_body, then go on
#define GW_TAKE 4    // body hooks: these bytes are mine, forward nothing of them
#define GW_WAIT 5    // stop here until gw_host_loop.resume
#define GW_RESPOND 6 // I answer: gw_host_http.respond was called, or will be
#define GW_SPLICE 7  // the host pumps the upstream call that I attached (host_upstream.h)
#define GW_REROUTE 8 // start over at the first route; at most GW_REROUTES_MAX times
#define GW_ROUTES 9  // run the routes that I chose with gw_host_http.enter_routes, then go on
#define GW_ABORT 10  // close the connection without an answer

#define GW_REROUTES_MAX 10

#define GW_CHUNK_END 1u // the last piece of this body; it may be empty

// The current piece of a body. data is borrowed for the hook.
typedef struct gw_chunk {
    uint32_t struct_size;
    uint32_t rev;
    gw_view data;
    uint32_t flags; // GW_CHUNK_*
    uint32_t reserved;
} gw_chunk;

#define GW_PHASE_CONNECT 1 // name resolution and TCP
#define GW_PHASE_TLS 2
#define GW_PHASE_SEND 3    // while the request was written
#define GW_PHASE_HEAD 4    // before the response head was whole
#define GW_PHASE_BODY 5    // after it; the client already has a part

#define GW_FAILURE_RETRYABLE 1u // no byte of the request was processed: another upstream may get it
#define GW_FAILURE_REUSED 2u    // the connection had been used before (a stale one, perhaps)

// Why an upstream call ended early. Borrowed for the hook.
typedef struct gw_failure {
    uint32_t struct_size;
    uint32_t rev;
    gw_status code;  // GW_E_TIMEOUT, GW_E_UPSTREAM, GW_E_LIMIT, GW_E_DENIED (certificate)
    uint32_t phase;  // GW_PHASE_*
    uint32_t flags;  // GW_FAILURE_*
    uint32_t attempt; // 1 for the first
    gw_view message;
} gw_failure;

// Why the request failed before anything of a response was sent. Borrowed for the hook.
typedef struct gw_error {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t status; // that the client gets if nobody saves the request
    gw_status code;  // a negative GW_E_*
    uint32_t phase;  // GW_PHASE_* when an upstream call failed, else 0
    uint32_t flags;  // GW_FAILURE_* of that call
    gw_view message; // may be empty
} gw_error;

#define GW_OUTCOME_COMPLETE 1 // the response was sent whole
#define GW_OUTCOME_CLIENT_GONE 2
#define GW_OUTCOME_UPSTREAM_BROKE 3
#define GW_OUTCOME_TIMEOUT 4
#define GW_OUTCOME_FAILED 5

// How an exchange, or an upstream call, ended. Borrowed for the hook.
typedef struct gw_summary {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t outcome; // GW_OUTCOME_*
    uint32_t status;  // of the final response, 0 when there was none
    uint64_t request_bytes;  // of the body
    uint64_t response_bytes; // of the body
    uint64_t duration_ns;
    uint64_t first_byte_ns;  // from start to the response head, 0 when there was none
} gw_summary;

// Hooks of one module; every member may be NULL and then costs nothing. Hooks of one exchange never
// overlap. instance: what create returned. state: state_size bytes, zeroed when the exchange began.
// All [loop], all since 1.0.
typedef struct gw_http_handler_ops {
    uint32_t struct_size;
    uint32_t rev;

    // The head of the request is there.
    // Verdicts: NEXT LEAVE HOLD COLLECT WAIT RESPOND SPLICE REROUTE ROUTES ABORT, negative.
    gw_verdict (*GW_NULLABLE on_request)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                         void *GW_NONNULL state);
    // A piece of the request body on its way to the upstream, or the whole after GW_COLLECT, or a
    // piece of it before anything goes on, after GW_HOLD.
    // Verdicts: NEXT LEAVE TAKE, negative; after GW_COLLECT those of on_request too; after GW_HOLD
    // NEXT (keep it for those behind), TAKE (drop it), WAIT, LEAVE (the head goes on now, the rest
    // follows), and those of on_request, which end the holding.
    gw_verdict (*GW_NULLABLE on_request_body)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                              void *GW_NONNULL state,
                                              const gw_chunk *GW_NONNULL chunk);
    gw_verdict (*GW_NULLABLE on_request_trailers)(void *GW_NULLABLE instance,
                                                  gw_req *GW_NONNULL req, void *GW_NONNULL state,
                                                  gw_fields *GW_NONNULL trailers);
    // The head of the response is about to be sent; its fields may still be changed.
    // Verdicts: NEXT LEAVE, negative.
    gw_verdict (*GW_NULLABLE on_response)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                          void *GW_NONNULL state, gw_res *GW_NONNULL res);
    // A piece of the response body on its way to the client. A handler with this hook turns the
    // host's zero-copy paths off for its routes; one that only looks answers GW_LEAVE when done.
    // Verdicts: NEXT LEAVE TAKE, negative (the response breaks off).
    gw_verdict (*GW_NULLABLE on_response_body)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                               void *GW_NONNULL state,
                                               const gw_chunk *GW_NONNULL chunk);
    gw_verdict (*GW_NULLABLE on_response_trailers)(void *GW_NULLABLE instance,
                                                   gw_req *GW_NONNULL req,
                                                   void *GW_NONNULL state,
                                                   gw_fields *GW_NONNULL trailers);
    // After gw_host_http.write answered GW_AGAIN: there is room again.
    void (*GW_NULLABLE on_writable)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                    void *GW_NONNULL state);
    // The client left, its request broke off, or it took too long; on_complete follows. Or this
    // handler did not go on in time (GW_WAIT, GW_RESPOND): the exchange fails with 504. Tickets are
    // stale already. reason: GW_E_CANCELLED or GW_E_TIMEOUT.
    void (*GW_NULLABLE on_cancel)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                  void *GW_NONNULL state, gw_status reason);
    // The server is about to stop; a stream may end at a good place.
    void (*GW_NULLABLE on_drain)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                 void *GW_NONNULL state);
    // The exchange is over; the only place where state needs to be taken down.
    void (*GW_NULLABLE on_complete)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                    void *GW_NONNULL state,
                                    const gw_summary *GW_NONNULL summary);

    // For handlers that attach upstream calls. The head of the upstream's response is there,
    // nothing of it was sent. res->status may be changed to one that has a body, too. NULL passes
    // it on.
    // Verdicts: NEXT (to the client), SPLICE after another attach (try again elsewhere), ROUTES,
    // RESPOND, WAIT, negative.
    gw_verdict (*GW_NULLABLE on_upstream_head)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                               void *GW_NONNULL state, gw_res *GW_NONNULL res);
    // The call failed. Before the response head: SPLICE after another attach, WAIT, RESPOND, or
    // negative (NULL: 504 for a timeout, 502 otherwise). After it: for information only.
    gw_verdict (*GW_NULLABLE on_upstream_failure)(void *GW_NULLABLE instance,
                                                  gw_req *GW_NONNULL req, void *GW_NONNULL state,
                                                  const gw_failure *GW_NONNULL failure);
    // The call is over, well or not; once per attach.
    void (*GW_NULLABLE on_upstream_end)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                        void *GW_NONNULL state,
                                        const gw_summary *GW_NONNULL summary);

    // A handler behind this one failed the request, or the host did so on its behalf, and nothing
    // of a response was sent. Asked before the error routes run, last visited handler first.
    // Verdicts: NEXT (the error goes on), REROUTE, RESPOND, WAIT (then one of these), negative
    // (another error goes on). REROUTE starts over with the request as it was received; variables
    // and states stay. It needs a request that can be sent again (gw_host_upstream.replayable);
    // otherwise the error goes on.
    gw_verdict (*GW_NULLABLE on_error)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                       void *GW_NONNULL state, const gw_error *GW_NONNULL error);
} gw_http_handler_ops;

#ifdef __cplusplus
}
#endif
