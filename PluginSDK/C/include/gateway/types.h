// Views, references, tickets, status codes and diagnostics: the vocabulary of every other header.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#define GW_NULLABLE _Nullable
#define GW_NONNULL _Nonnull
#else
#define GW_NULLABLE
#define GW_NONNULL
#endif

// Result of a call: GW_OK, GW_AGAIN, or a negative GW_E_*.
typedef int32_t gw_status;

#define GW_OK 0
#define GW_AGAIN 1             // not now; the matching hook or callback follows
#define GW_E_INVALID (-1)      // an argument breaks the contract
#define GW_E_STALE (-2)        // the ticket was completed, cancelled or never valid
#define GW_E_GONE (-3)         // the thing was there once and is not any more
#define GW_E_LIMIT (-4)        // a named limit of the host or the configuration was reached
#define GW_E_TIMEOUT (-5)
#define GW_E_CANCELLED (-6)    // the client left, or the owner was retired
#define GW_E_DENIED (-7)
#define GW_E_CONFIG (-8)       // the configuration is wrong; a diagnostic says where
#define GW_E_UPSTREAM (-9)     // the far side could not be reached or broke the protocol
#define GW_E_UNSUPPORTED (-10) // this host does not have it
#define GW_E_NOT_FOUND (-11)
#define GW_E_INTERNAL (-12)

// Borrowed bytes. ptr may be NULL when len is 0.
typedef struct gw_view {
    const uint8_t *GW_NULLABLE ptr;
    size_t len;
} gw_view;

// Bytes inside a message block: offset from its base, and length.
typedef struct gw_ref {
    uint32_t off;
    uint32_t len;
} gw_ref;

// The right to complete something later. 0 is never valid.
typedef uint64_t gw_ticket;

// Handles that the host gives out at provision; small integers, valid while the instance lives.
typedef uint32_t gw_template;   // a compiled text with placeholders, 0 is none
typedef uint32_t gw_slot;       // a request variable
typedef uint32_t gw_routes;     // a compiled list of routes, 0 is none
typedef uint32_t gw_regex;      // a compiled regular expression, 0 is none
typedef uint32_t gw_pool;       // connections to one upstream, 0 is none
typedef uint32_t gw_json;       // a parsed JSON document, 0 is none

// Owner of everything that an instance creates while it is provisioned. Opaque.
typedef struct gw_scope gw_scope;

// Where a host collects what a plugin produces. Opaque; see gw_host_core.out_write.
typedef struct gw_out gw_out;

// One problem, reported through the fail or warn functions of an interface.
// Text is borrowed for the call.
typedef struct gw_diag {
    uint32_t struct_size;
    uint32_t rev;
    gw_status code;      // a negative GW_E_*
    uint32_t http_status; // status of the answer when it ends a request; 0 lets the host choose
    gw_view message;     // lower case, no full stop: what was found, what was expected
    gw_view hint;        // what to do about it; may be empty
    uint32_t token;      // while a directive is read: index of the token it is about
    uint32_t reserved;
} gw_diag;

#ifdef __cplusplus
}
#endif
