// gw.service/1: what plugins offer to each other.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_SERVICE "gw.service/1"

typedef struct gw_host_service {
    uint32_t struct_size;
    uint32_t rev;
    // Offers a service under an id with its revision, such as "health.status/1". table begins with
    // struct_size and rev and stays valid as long as the process; one provider per id. Called from
    // gw_plugin.init, or from provision by GW_KIND_SERVICE modules. [load] [config] since 1.0
    gw_status (*GW_NONNULL publish)(gw_view id, const void *GW_NONNULL table,
                                    void *GW_NULLABLE self);
    // Finds one. The provider outlives the scope. GW_E_NOT_FOUND when no loaded plugin offers it.
    // [config] since 1.0
    gw_status (*GW_NONNULL bind)(gw_scope *GW_NONNULL scope, gw_view id,
                                 const void *GW_NULLABLE *GW_NONNULL table,
                                 void *GW_NULLABLE *GW_NONNULL self);
} gw_host_service;

#ifdef __cplusplus
}
#endif
