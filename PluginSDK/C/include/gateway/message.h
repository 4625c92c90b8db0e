// Requests and responses as hooks see them: flat blocks of bytes with offsets instead of pointers.
//
// Reading is plain memory access. Writing goes through gw.http (host_http.h); every such call may
// move the block, so base and refs are read anew after it. Nothing inside a block is a pointer.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// One field line. Unknown names have name_id 0; names are compared without regard to case.
// Names of HTTP/2 messages are lower case, those of HTTP/1 as they came.
typedef struct gw_field {
    uint16_t name_id; // GW_FIELD_* or an id from gw_host_http.field_id
    uint16_t flags;   // none yet
    gw_ref name;
    gw_ref value; // without surrounding white space (RFC 9110 §5.5)
} gw_field;

// The field section of a message. fields[i] is
// ((const gw_field *)(base + fields_off))[i] for i < count.
typedef struct gw_fields {
    const uint8_t *GW_NULLABLE base; // of the block; what every gw_ref counts from
    uint32_t block_size;             // bytes of the block in use
    uint32_t fields_off;             // a multiple of 4
    uint32_t count;
    uint32_t capacity;               // of the array, host only
    void *GW_NULLABLE owner;         // host only
} gw_fields;

// Methods that have an id; others have GW_METHOD_OTHER and their text.
#define GW_METHOD_OTHER 0
#define GW_METHOD_GET 1
#define GW_METHOD_HEAD 2
#define GW_METHOD_POST 3
#define GW_METHOD_PUT 4
#define GW_METHOD_DELETE 5
#define GW_METHOD_CONNECT 6
#define GW_METHOD_OPTIONS 7
#define GW_METHOD_TRACE 8
#define GW_METHOD_PATCH 9

#define GW_REQ_TLS 1u            // the client's connection is encrypted
#define GW_REQ_BODY 2u           // a body follows or may follow
#define GW_REQ_TRUSTED_PEER 4u   // the peer is one of the server's trusted_proxies
#define GW_REQ_EXPECT_CONTINUE 8u // the client waits for 100 (Continue) before it sends the body
#define GW_REQ_REWRITTEN 16u     // uri or method were changed by a handler

#define GW_BODY_LENGTH_UNKNOWN UINT64_MAX

// A request. Owned by the host, valid from the first hook of the exchange to on_complete.
// [loop], read only; refs count from fields.base.
typedef struct gw_req {
    uint32_t struct_size;
    uint32_t rev;
    gw_fields fields;
    gw_ref method;
    gw_ref target;  // as it came (RFC 9112 §3.2)
    gw_ref uri;     // path and query as the next handler sees them; starts with / (or is *)
    gw_ref path;    // of uri, percent-encoded
    gw_ref query;   // of uri, without the question mark; len 0 when there is none
    gw_ref host;    // host and port as the client named them; may be empty in HTTP/1.0
    gw_ref remote_ip;   // text form of the peer's address
    gw_ref client_ip;   // of the client, by the trusted_proxies rules
    uint16_t remote_port;
    uint16_t local_port;
    uint8_t method_id; // GW_METHOD_*
    uint8_t version;   // 10, 11, 20, 30
    uint16_t worker;   // index of the worker that owns the exchange
    uint32_t flags;    // GW_REQ_*
    uint64_t body_length;   // bytes, or GW_BODY_LENGTH_UNKNOWN
    uint64_t start_ns;      // monotonic
    uint64_t id;            // unique in the process
} gw_req;

#define GW_RES_BODY_NONE 1u // HEAD, 204, 304: no body whatever its fields say

// A response on its way to the client, or one that came from an upstream.
// Owned by the host, valid inside the hook. [loop]
typedef struct gw_res {
    uint32_t struct_size;
    uint32_t rev;
    gw_fields fields;
    uint16_t status;
    uint16_t reserved;
    uint32_t flags;       // GW_RES_*
    uint64_t body_length; // bytes, or GW_BODY_LENGTH_UNKNOWN
} gw_res;

// Field names that every host knows, by id. Others get ids from gw_host_http.field_id.
#define GW_FIELD_HOST 1
#define GW_FIELD_CONNECTION 2
#define GW_FIELD_CONTENT_LENGTH 3
#define GW_FIELD_TRANSFER_ENCODING 4
#define GW_FIELD_TE 5
#define GW_FIELD_TRAILER 6
#define GW_FIELD_UPGRADE 7
#define GW_FIELD_KEEP_ALIVE 8
#define GW_FIELD_PROXY_CONNECTION 9
#define GW_FIELD_EXPECT 10
#define GW_FIELD_CONTENT_TYPE 11
#define GW_FIELD_CONTENT_ENCODING 12
#define GW_FIELD_DATE 13
#define GW_FIELD_SERVER 14
#define GW_FIELD_VIA 15
#define GW_FIELD_AUTHORIZATION 16
#define GW_FIELD_PROXY_AUTHORIZATION 17
#define GW_FIELD_PROXY_AUTHENTICATE 18
#define GW_FIELD_WWW_AUTHENTICATE 19
#define GW_FIELD_COOKIE 20
#define GW_FIELD_SET_COOKIE 21
#define GW_FIELD_LOCATION 22
#define GW_FIELD_ACCEPT 23
#define GW_FIELD_ACCEPT_ENCODING 24
#define GW_FIELD_ACCEPT_LANGUAGE 25
#define GW_FIELD_USER_AGENT 26
#define GW_FIELD_REFERER 27
#define GW_FIELD_ORIGIN 28
#define GW_FIELD_RANGE 29
#define GW_FIELD_X_FORWARDED_FOR 30
#define GW_FIELD_X_FORWARDED_PROTO 31
#define GW_FIELD_X_FORWARDED_HOST 32
#define GW_FIELD_FORWARDED 33
#define GW_FIELD_CACHE_CONTROL 34
#define GW_FIELD_ETAG 35
#define GW_FIELD_LAST_MODIFIED 36
#define GW_FIELD_IF_NONE_MATCH 37
#define GW_FIELD_IF_MODIFIED_SINCE 38
#define GW_FIELD_ALT_SVC 39
#define GW_FIELD_RETRY_AFTER 40
#define GW_FIELD_VARY 41
#define GW_FIELD_KNOWN_MAX 41

#ifdef __cplusplus
}
#endif
