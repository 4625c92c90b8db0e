// health.status/1: whether an upstream is well, found out by probes. Offered by the plugin health.
//
// Equal specifications share one probe in the process, however many instances watch it and
// across reloads. Probes run on the first worker.
#pragma once
#include "gateway/host_client.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_SERVICE_HEALTH_STATUS "health.status/1"

// One upstream as one instance sees it. Opaque.
typedef struct gw_health_watch gw_health_watch;

// What is probed and what is expected. Text is copied; handles belong to scope.
typedef struct gw_health_spec {
    uint32_t struct_size;
    uint32_t rev;
    gw_scope *GW_NONNULL scope; // of the watching instance; watches of one scope are one group
    gw_view upstream;           // name for logs and status pages: the address that requests go to
    gw_pool pool;               // what the probe dials
    gw_pool traffic;            // what requests dial, for the number of active ones; may be 0
    gw_view method;
    gw_view uri;  // path and query
    gw_view host; // Host; empty: what pool dials
    const gw_client_field *GW_NULLABLE fields;
    size_t field_count;
    gw_view body;
    gw_view body_pattern; // text of pattern, to tell specifications apart
    gw_regex pattern;     // what the body must match; 0: anything
    uint32_t status;      // a code, or one digit for a class
    uint32_t passes;      // good results in a row that make it healthy, from 1
    uint32_t fails;       // bad results in a row that make it unhealthy, from 1
    uint64_t interval_ns;
    uint64_t timeout_ns;
    uint64_t body_bytes_max; // of an answer; what follows is not read
} gw_health_spec;

typedef struct gw_health_status {
    uint32_t struct_size;
    uint32_t rev;

    // Watches an upstream; it counts as healthy until a probe says otherwise. The first probe runs
    // at once. GW_E_INVALID for a specification without pool, uri or interval. [config] since 1.0
    gw_status (*GW_NONNULL watch)(void *GW_NULLABLE self, const gw_health_spec *GW_NONNULL spec,
                                  gw_health_watch *GW_NULLABLE *GW_NONNULL out);
    // 1 when healthy, 0 when not. Takes no lock. [any] since 1.0
    int32_t (*GW_NONNULL state)(const gw_health_watch *GW_NONNULL watch);
    // Ends a watch, before its scope ends; with the last one the probe ends. [config] since 1.0
    void (*GW_NONNULL release)(gw_health_watch *GW_NONNULL watch);
} gw_health_status;

#ifdef __cplusplus
}
#endif
