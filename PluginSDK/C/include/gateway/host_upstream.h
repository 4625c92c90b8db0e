// gw.upstream/1: pools of connections to upstreams, and calls attached to an exchange.
//
// A proxy decides where a request goes and what is changed on the way; the host moves the bytes in
// both directions under flow control, without a plugin call per piece.
#pragma once
#include "gateway/handler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_UPSTREAM "gw.upstream/1"

#define GW_POOL_TLS 1u
#define GW_POOL_TLS_INSECURE 2u // do not verify the certificate; the configuration asked for it
#define GW_POOL_HTTP2 4u        // may speak HTTP/2; needs a host that does
#define GW_POOL_NO_REUSE 8u     // one connection per call

// What a pool connects to and how. Times in nanoseconds, 0 takes the host's default, UINT64_MAX
// none. Text is copied.
typedef struct gw_pool_spec {
    uint32_t struct_size;
    uint32_t rev;
    gw_view dial;        // "host:port", "[v6]:port" or "unix/path"
    gw_view server_name; // for SNI and verification; empty: the host of dial
    gw_view ca_files;    // PEM files, separated by newlines; empty: the system's store
    gw_view client_certificate; // PEM files; both or none
    gw_view client_key;
    uint32_t flags;      // GW_POOL_*
    uint32_t idle_max;   // idle connections kept per worker; 0: the host's default
    uint64_t connect_timeout_ns; // resolution, TCP and TLS together
    uint64_t head_timeout_ns;    // from the request sent to the whole response head; default none
    uint64_t read_timeout_ns;    // between two reads of the body; default none
    uint64_t write_timeout_ns;   // between two writes
    uint64_t idle_timeout_ns;    // of a kept connection
    uint64_t head_bytes_max;     // of a response head
} gw_pool_spec;

#define GW_OUTGOING_FORWARDED 1u // set X-Forwarded-For, -Proto and -Host, replacing strangers' ones
#define GW_OUTGOING_TRUSTED 2u   // the peer is trusted: append to them instead
#define GW_OUTGOING_VIA 4u       // add Via (RFC 9110 §7.6.3)

#define GW_ATTACH_HOST_UPSTREAM 1u // Host is what the pool dials, unless the fields were given one
#define GW_ATTACH_NO_BODY 2u       // do not send the request body (an authorization subrequest)

// How a call is made. Text is borrowed for the call.
typedef struct gw_attach {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t flags;  // GW_ATTACH_*
    uint32_t reserved;
    gw_view method;  // empty: the request's
    gw_view uri;     // empty: the request's
} gw_attach;

typedef struct gw_pool_info {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t active; // calls under way, all workers
    uint32_t idle;   // kept connections, all workers
} gw_pool_info;

typedef struct gw_host_upstream {
    uint32_t struct_size;
    uint32_t rev;

    // A pool for that spec; equal specs share one, across instances and reloads. It ends with its
    // last scope. GW_E_CONFIG after gw_host_core.fail (a CA file that cannot be read, …). [config]
    gw_status (*GW_NONNULL pool_open)(gw_scope *GW_NONNULL scope,
                                      const gw_pool_spec *GW_NONNULL spec,
                                      gw_pool *GW_NONNULL out);
    // A pool like another one but for the address that it dials; for upstreams that are known only
    // when the request is. Bounded in number: one that is idle makes room, so ask for it in every
    // hook that attaches it. GW_E_LIMIT, GW_E_INVALID. [loop] since 1.0
    gw_status (*GW_NONNULL pool_for)(gw_req *GW_NONNULL req, gw_pool like, gw_view dial,
                                     gw_pool *GW_NONNULL out);
    // GW_E_STALE for a pool that has ended, as in attach and gw_host_client.start. [any] since 1.0
    gw_status (*GW_NONNULL pool_info)(gw_pool pool, gw_pool_info *GW_NONNULL out);

    // The fields that will go upstream: a copy of the request's without those that concern one
    // connection only (RFC 9110 §7.6.1), with what flags ask for. Once per attach; changes to it
    // leave the request as it is. [loop] since 1.0
    gw_fields *GW_NULLABLE (*GW_NONNULL outgoing)(gw_req *GW_NONNULL req, uint32_t flags);
    // Binds the exchange to a call; then return GW_SPLICE. Replaces an earlier call of the same
    // exchange, which is given up. [loop] since 1.0
    gw_status (*GW_NONNULL attach)(gw_req *GW_NONNULL req, gw_pool pool,
                                   const gw_attach *GW_NULLABLE how);
    // Whether the request could be sent a second time: 1 or 0. [loop] since 1.0
    int32_t (*GW_NONNULL replayable)(const gw_req *GW_NONNULL req);
} gw_host_upstream;

#ifdef __cplusplus
}
#endif
