// A module: something that a configuration can name, with its life cycle and its directives.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_directive_call;

#define GW_KIND_HTTP_HANDLER "gw.kind.http_handler/1" // kind_ops: gw_http_handler_ops, handler.h
#define GW_KIND_MATCHER "gw.kind.matcher/1"           // kind_ops: gw_matcher_ops, matcher.h
#define GW_KIND_PLACEHOLDER "gw.kind.placeholder/1"   // kind_ops: gw_placeholder_ops, placeholder.h
#define GW_KIND_SERVICE "gw.kind.service/1"           // no hooks; exists for its life cycle

// Life of one instance. An instance is one object of the configuration ({"handler": "headers", …}).
// Order: create, provision, validate, worker_start on every worker, hooks, worker_stop on every
// worker, cleanup. cleanup runs after any step that failed, too. An instance whose module and JSON
// are unchanged by a reload is carried over and sees none of these calls.
// A step that fails returns a negative code, after gw_host_core.fail with a message.
typedef struct gw_instance_ops {
    uint32_t struct_size;
    uint32_t rev;

    // Makes an instance from its JSON object; reads it strictly (an unknown member is an error).
    // No side effects outside the instance. json: borrowed for the call.
    // out: set to the instance. [config] since 1.0
    gw_status (*GW_NONNULL create)(gw_scope *GW_NONNULL scope, gw_view json,
                                   void *GW_NULLABLE *GW_NONNULL out);
    // Acquires what it needs: templates, pools, services, variables. May be NULL. [config] since 1.0
    gw_status (*GW_NULLABLE provision)(void *GW_NULLABLE instance, gw_scope *GW_NONNULL scope);
    // Looks at the whole for contradictions; changes nothing. May be NULL. [config] since 1.0
    gw_status (*GW_NULLABLE validate)(void *GW_NULLABLE instance, gw_scope *GW_NONNULL scope);
    // Frees the instance. Everything that belongs to its scope is gone after it. [config] since 1.0
    void (*GW_NONNULL cleanup)(void *GW_NULLABLE instance);

    // Once per worker before its first hook, and after its last. May be NULL. [loop] since 1.0
    gw_status (*GW_NULLABLE worker_start)(void *GW_NULLABLE instance, uint32_t worker);
    void (*GW_NULLABLE worker_stop)(void *GW_NULLABLE instance, uint32_t worker);
} gw_instance_ops;

#define GW_DIRECTIVE_MATCHER 1u    // an optional first matcher token is taken by the host
#define GW_DIRECTIVE_EXCLUSIVE 2u  // only the first matching one of a block runs (as rewrite does)
#define GW_DIRECTIVE_CREDENTIAL 4u // no token of it may come from an empty environment variable
#define GW_DIRECTIVE_LAST_WINS 8u  // sorts the most specific matcher last (as vars does)
#define GW_DIRECTIVE_ALTERNATIVES 16u // as EXCLUSIVE, where a block has several (as root does)

// A Caddyfile directive and how it becomes JSON.
typedef struct gw_directive {
    uint32_t struct_size;
    uint32_t rev;
    gw_view name;
    // Place among the directives of a site: "rank:N", "before:NAME", "after:NAME", or empty when
    // the configuration has to say (global option order, or inside route). The standard directives'
    // ranks are in docs/abi.md.
    gw_view order;
    uint32_t flags; // GW_DIRECTIVE_*
    uint32_t reserved;
    gw_view doc;    // one line for list-modules --directives and for suggestions

    // Reads the tokens of one use and writes JSON: a handler object ({"handler": …}),
    // {"routes": [{"match": …, "handle": […]}, …]}, or an array of these, as if the directive stood
    // there several times. For matchers and placeholders see their headers. Fails through
    // gw_host_adapt.fail.
    // call: borrowed for the call. [config] since 1.0
    gw_status (*GW_NONNULL parse)(const struct gw_directive_call *GW_NONNULL call,
                                  gw_out *GW_NONNULL out);
} gw_directive;

// Body hooks only look: they answer NEXT or LEAVE and emit nothing, so that the body keeps its length
// and its framing. Bytes are read, not spliced, until the hook has left. since 1.0
#define GW_MODULE_OBSERVES_BODIES 1u
// Provisioning reads more than the instance's JSON, and not only files that it names with
// gw_host_core.uses_file: a reload makes the instance anew instead of carrying it over, so that what
// was revoked is gone. since 1.0
#define GW_MODULE_READS_FILES 2u

// Static data; the host copies it once.
typedef struct gw_module {
    uint32_t struct_size;
    uint32_t rev;
    gw_view id;   // "http.handlers.headers"
    gw_view kind; // GW_KIND_*
    const gw_instance_ops *GW_NONNULL instance_ops;
    const void *GW_NULLABLE kind_ops; // the table of the kind
    const gw_directive *GW_NONNULL const *GW_NULLABLE directives;
    uint32_t directive_count;
    // Bytes of state per exchange; the host allocates them zeroed with the exchange.
    uint32_t state_size;
    uint32_t state_align; // a power of two, at most 16
    uint32_t flags;       // GW_MODULE_*; others are ignored
} gw_module;

#ifdef __cplusplus
}
#endif
