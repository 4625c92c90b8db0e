// Placeholders: modules that give {NAME} a value wherever a configuration takes placeholders.
//
// The id of the module is "http.placeholders.NAME". One with a directive is there when a
// configuration says so: the directive is a global option, each use of which writes one object for
// apps.http.placeholders, [{"provider": NAME, …}]. One without a directive has one instance in
// every configuration, made from {}.
//
// A name is looked up once, when the text that it stands in is compiled; what the host knows itself
// is not asked for. At run time a placeholder is a number. It costs nothing where it is not used.
#pragma once
#include "gateway/message.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gw_placeholder_ops {
    uint32_t struct_size;
    uint32_t rev;

    // Whether this instance has a placeholder of that name ("geo.country"), after provision.
    // name: without braces, borrowed for the call. slot: set to what resolve gets for it.
    // GW_OK, GW_E_NOT_FOUND, or another negative code after gw_host_core.fail: the name belongs to
    // it, but is wrong. Mandatory. [config] since 1.0
    gw_status (*GW_NONNULL find)(void *GW_NULLABLE instance, gw_view name,
                                 uint32_t *GW_NONNULL slot);
    // The value now. out: set to bytes of the request, of its memory (gw_host_http.alloc), or of
    // the instance; valid until the request is changed or the exchange ends.
    // GW_OK; GW_E_NOT_FOUND when it has none (empty, or the text as it was written); another
    // negative code fails what asked, as in gw_host_http.template_eval.
    // Mandatory. [loop] since 1.0
    gw_status (*GW_NONNULL resolve)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req,
                                    uint32_t slot, gw_view *GW_NONNULL out);
} gw_placeholder_ops;

#ifdef __cplusplus
}
#endif
