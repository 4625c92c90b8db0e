// Matchers: modules that choose requests, in the matcher sets of routes.
//
// The id of the module is "http.matchers.NAME". A configuration names it among the matchers of a
// set, {"match": [{"NAME": VALUE}]}, in a Caddyfile as "@x NAME …". VALUE is what create gets. A
// module with a directive NAME says how the words of a Caddyfile become VALUE: its parse writes
// any JSON value. Without one, the Caddyfile has NAME alone, and VALUE is {}.
#pragma once
#include "gateway/message.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gw_matcher_ops {
    uint32_t struct_size;
    uint32_t rev;

    // Whether the request matches: 1 or 0. A negative GW_E_* when that cannot be told: the error
    // routes run, with the status and the message of gw_host_http.fail if it was called. It may
    // set variables and placeholders, and changes nothing else of the request.
    // Mandatory. [loop] since 1.0
    int32_t (*GW_NONNULL match)(void *GW_NULLABLE instance, gw_req *GW_NONNULL req);
} gw_matcher_ops;

#ifdef __cplusplus
}
#endif
