// gw.http/1: fields, variables, templates, answers, and the way through the routes.
#pragma once
#include "gateway/handler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_HTTP "gw.http/1"

#define GW_WRITE_END 1u   // the body ends with this piece
#define GW_WRITE_FLUSH 2u // send now (a server-sent event ends here, for instance)

// How a template treats what it does not know.
#define GW_TEMPLATE_KEEP_UNKNOWN 1u // unknown placeholders stay as they are; default: they vanish
#define GW_TEMPLATE_NO_CRLF 2u      // CR, LF and NUL in a value become spaces (field values)

typedef struct gw_host_http {
    uint32_t struct_size;
    uint32_t rev;

    // Id of a field name for use in every later call; the same for every spelling of case.
    // Returns 0 when the name is no token (RFC 9110 §5.1) or ids have run out. [config] since 1.0
    uint16_t (*GW_NONNULL field_id)(gw_view name);

    // First value of a field. GW_E_NOT_FOUND when there is none. out: valid until the message is
    // changed. [loop] since 1.0
    gw_status (*GW_NONNULL field_get)(const gw_fields *GW_NONNULL fields, uint16_t id,
                                      gw_view *GW_NONNULL out);
    // Replaces every field of that name by one. Values with CR, LF or NUL: GW_E_INVALID. In place
    // of the first one, else at the end. [loop] since 1.0
    gw_status (*GW_NONNULL field_set)(gw_fields *GW_NONNULL fields, uint16_t id, gw_view value);
    // Adds one at the end. [loop] since 1.0
    gw_status (*GW_NONNULL field_add)(gw_fields *GW_NONNULL fields, uint16_t id, gw_view value);
    // Removes every field of that name. GW_E_NOT_FOUND when there is none. [loop] since 1.0
    gw_status (*GW_NONNULL field_remove)(gw_fields *GW_NONNULL fields, uint16_t id);
    // Removes the fields whose name matches: "X-*", "*-Id", "*x*". [loop] since 1.0
    gw_status (*GW_NONNULL field_remove_matching)(gw_fields *GW_NONNULL fields, gw_view pattern);
    // Replaces the value of the field at an index. [loop] since 1.0
    gw_status (*GW_NONNULL field_set_at)(gw_fields *GW_NONNULL fields, uint32_t index,
                                         gw_view value);
    // Adds one by name; for names that are known at run time only. [loop] since 1.0
    gw_status (*GW_NONNULL field_add_named)(gw_fields *GW_NONNULL fields, gw_view name,
                                            gw_view value);

    // Changes what the handlers behind see and what goes upstream. uri: path and query, starts
    // with "/"; GW_E_INVALID when it holds bytes that a request target cannot. [loop] since 1.0
    gw_status (*GW_NONNULL set_uri)(gw_req *GW_NONNULL req, gw_view uri);
    gw_status (*GW_NONNULL set_method)(gw_req *GW_NONNULL req, gw_view method);

    // Variables ({http.vars.NAME}). slot: [config]. value is copied. GW_E_NOT_FOUND when unset.
    gw_slot (*GW_NONNULL variable)(gw_view name);
    gw_status (*GW_NONNULL variable_get)(gw_req *GW_NONNULL req, gw_slot slot,
                                         gw_view *GW_NONNULL out);
    gw_status (*GW_NONNULL variable_set)(gw_req *GW_NONNULL req, gw_slot slot, gw_view value);
    // Sets what a placeholder of any name gives ("http.auth.user.id"). [loop] since 1.0
    gw_status (*GW_NONNULL placeholder_set)(gw_req *GW_NONNULL req, gw_view name, gw_view value);

    // Compiles a text with placeholders. GW_E_CONFIG when a brace is not closed. [config]
    gw_status (*GW_NONNULL template_compile)(gw_scope *GW_NONNULL scope, gw_view text,
                                             uint32_t flags, gw_template *GW_NONNULL out);
    // The text with its placeholders filled in; what a request brought is never expanded again.
    // out: valid as long as the exchange. req may be NULL at provision (env, system and time
    // placeholders only); out is valid as long as the template then. [loop] [config] since 1.0
    gw_status (*GW_NONNULL template_eval)(gw_req *GW_NULLABLE req, gw_template text,
                                          gw_view *GW_NONNULL out);

    // Memory that lives as long as the exchange, 16-byte aligned; NULL when it has too much
    // already. [loop] since 1.0
    void *GW_NULLABLE (*GW_NONNULL alloc)(gw_req *GW_NONNULL req, size_t size);

    // The response that this handler will give: set its fields, then call respond or start and
    // write, then return GW_RESPOND. Empty but for the status. [loop] since 1.0
    gw_res *GW_NULLABLE (*GW_NONNULL response)(gw_req *GW_NONNULL req, uint16_t status);
    // Sends it with a whole body. body is copied. HEAD sends none of it. [loop] since 1.0
    gw_status (*GW_NONNULL respond)(gw_req *GW_NONNULL req, gw_view body);
    // Sends its head; body pieces follow by write. Without Content-Length among its fields the
    // length is unknown. [loop] since 1.0
    gw_status (*GW_NONNULL start)(gw_req *GW_NONNULL req);
    // Sends a piece. GW_AGAIN: taken, and wait for on_writable before the next; GW_E_CANCELLED
    // when the exchange is over. [loop] since 1.0
    gw_status (*GW_NONNULL write)(gw_req *GW_NONNULL req, gw_view piece, uint32_t flags);
    // Breaks the response off so that the client can tell. [loop] since 1.0
    void (*GW_NONNULL abort)(gw_req *GW_NONNULL req);
    // Inserts bytes into a body at the current piece, before it. Only inside the body hooks, in
    // their direction. [loop] since 1.0
    gw_status (*GW_NONNULL emit)(gw_req *GW_NONNULL req, gw_view bytes);

    // Status and message for a negative verdict. [loop] since 1.0
    gw_status (*GW_NONNULL fail)(gw_req *GW_NONNULL req, const gw_diag *GW_NONNULL diag);

    // Compiles a JSON array of routes inside the instance's own configuration. [config] since 1.0
    gw_status (*GW_NONNULL routes_compile)(gw_scope *GW_NONNULL scope, gw_view json,
                                           gw_routes *GW_NONNULL out);
    // Chooses the routes for GW_ROUTES; the chain goes on behind this handler when they end
    // without an answer. [loop] since 1.0
    gw_status (*GW_NONNULL enter_routes)(gw_req *GW_NONNULL req, gw_routes routes);
    // Sends the upstream's response that on_upstream_head parked by entering routes.
    // fields_only: 1 copies its fields into response(). GW_E_NOT_FOUND without one. [loop]
    gw_status (*GW_NONNULL copy_response)(gw_req *GW_NONNULL req, uint32_t fields_only);
} gw_host_http;

#ifdef __cplusplus
}
#endif
