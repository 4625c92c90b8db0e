// gw.client/1: HTTP calls of a plugin's own (health probes, subrequests, model endpoints).
#pragma once
#include "gateway/message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_CLIENT "gw.client/1"

typedef struct gw_client_field {
    gw_view name;
    gw_view value;
} gw_client_field;

// What happens to a call, on the worker that made it, never before call returned. ctx: as given.
typedef struct gw_client_ops {
    uint32_t struct_size;
    uint32_t rev;
    // The response head; res is borrowed. May be NULL.
    void (*GW_NULLABLE on_head)(void *GW_NULLABLE ctx, const gw_res *GW_NONNULL res);
    // A piece of the body, borrowed. May be NULL.
    void (*GW_NULLABLE on_body)(void *GW_NULLABLE ctx, gw_view piece);
    // Once, last. status GW_OK when the response was whole; else message says why.
    void (*GW_NONNULL on_end)(void *GW_NULLABLE ctx, gw_status status, gw_view message);
} gw_client_ops;

// A call. Borrowed for the call to call; text and body are copied.
typedef struct gw_client_call {
    uint32_t struct_size;
    uint32_t rev;
    gw_pool pool;
    uint32_t reserved;
    gw_view method;
    gw_view uri;  // path and query
    gw_view host; // Host; empty: what the pool dials
    const gw_client_field *GW_NULLABLE fields;
    size_t field_count;
    gw_view body;
    uint64_t timeout_ns;     // for the whole call; 0: the host's default
    uint64_t body_bytes_max; // of the response: GW_E_LIMIT above it; 0: the host's default
} gw_client_call;

typedef struct gw_host_client {
    uint32_t struct_size;
    uint32_t rev;

    // Starts a call on the calling worker. It ends with its scope at the latest. out: to cancel it.
    // [loop] since 1.0
    gw_status (*GW_NONNULL call)(gw_scope *GW_NONNULL scope,
                                 const gw_client_call *GW_NONNULL what,
                                 const gw_client_ops *GW_NONNULL ops, void *GW_NULLABLE ctx,
                                 gw_ticket *GW_NONNULL out);
    // Gives a call up; on_end is not called any more. [loop] since 1.0
    gw_status (*GW_NONNULL cancel)(gw_ticket call);
} gw_host_client;

#ifdef __cplusplus
}
#endif
