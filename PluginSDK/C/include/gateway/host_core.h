// gw.core/1: log, clock, diagnostics, output. gw.work/1 is in host_loop.h.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_CORE "gw.core/1"

#define GW_LOG_DEBUG 0
#define GW_LOG_INFO 1
#define GW_LOG_WARN 2
#define GW_LOG_ERROR 3

#define GW_VALUE_TEXT 0
#define GW_VALUE_INT 1
#define GW_VALUE_UINT 2
#define GW_VALUE_DOUBLE 3
#define GW_VALUE_BOOL 4
#define GW_VALUE_DURATION 5 // integer nanoseconds

// A typed field of a log record.
typedef struct gw_log_field {
    gw_view key;
    uint32_t kind; // GW_VALUE_*
    uint32_t reserved;
    gw_view text;
    int64_t integer; // INT, BOOL (0 or 1), DURATION; bits of the unsigned number for UINT
    double number;
} gw_log_field;

typedef struct gw_host_core {
    uint32_t struct_size;
    uint32_t rev;

    // Writes one record under the name of the scope's module. Never blocks. [any] since 1.0
    void (*GW_NONNULL log)(gw_scope *GW_NULLABLE scope, uint32_t level, gw_view message,
                           const gw_log_field *GW_NULLABLE fields, size_t count);
    // Whether a record of that level would be written: 1 or 0. [any] since 1.0
    int32_t (*GW_NONNULL log_enabled)(gw_scope *GW_NULLABLE scope, uint32_t level);

    // Nanoseconds of a clock that never goes back, and since 1970 (UTC). [any] since 1.0
    uint64_t (*GW_NONNULL now_monotonic)(void);
    uint64_t (*GW_NONNULL now_wall)(void);

    // Reports a problem of the step that is running (create, provision, validate). The first one
    // is shown; the step then returns a negative code. [config] since 1.0
    void (*GW_NONNULL fail)(gw_scope *GW_NONNULL scope, const gw_diag *GW_NONNULL diag);
    void (*GW_NONNULL warn)(gw_scope *GW_NONNULL scope, const gw_diag *GW_NONNULL diag);

    // Appends bytes to what is being produced. GW_E_LIMIT when it became too large. [any] since 1.0
    gw_status (*GW_NONNULL out_write)(gw_out *GW_NONNULL out, gw_view bytes);

    // Number of workers. [any] since 1.0
    uint32_t (*GW_NONNULL worker_count)(void);
    // Value of an environment variable, valid as long as the process; GW_E_NOT_FOUND. [config]
    gw_status (*GW_NONNULL environment)(gw_view name, gw_view *GW_NONNULL out);

    // Says that the instance depends on a file, before it is read while the instance is made: a
    // change of it reloads under --watch, and an instance whose file has changed is not carried over
    // by a reload. GW_E_STALE, GW_E_INVALID. [config] since 1.0
    gw_status (*GW_NONNULL uses_file)(gw_scope *GW_NONNULL scope, gw_view path);
} gw_host_core;

#ifdef __cplusplus
}
#endif
