// gw.json/1, gw.regex/1 and gw.crypto/1: libraries that the host has anyway.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_JSON "gw.json/1"
#define GW_IFACE_REGEX "gw.regex/1"
#define GW_IFACE_CRYPTO "gw.crypto/1"

#define GW_JSON_NULL 0
#define GW_JSON_BOOL 1
#define GW_JSON_NUMBER 2
#define GW_JSON_STRING 3
#define GW_JSON_ARRAY 4
#define GW_JSON_OBJECT 5

// A value inside a document. text: a string's characters, a number's digits, else empty; valid
// until the document is closed.
typedef struct gw_json_value {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t type; // GW_JSON_*
    uint32_t count; // members or elements
    gw_view text;
    int64_t integer; // a whole number, or a bool's 0 or 1
    double number;
} gw_json_value;

typedef struct gw_host_json {
    uint32_t struct_size;
    uint32_t rev;
    // Parses one JSON text (RFC 8259). GW_E_INVALID, GW_E_LIMIT. [any] since 1.0
    gw_status (*GW_NONNULL open)(gw_view text, gw_json *GW_NONNULL out);
    // The value at a JSON Pointer (RFC 6901), the whole for "". GW_E_NOT_FOUND. [any] since 1.0
    gw_status (*GW_NONNULL get)(gw_json document, gw_view pointer, gw_json_value *GW_NONNULL out);
    // Name of a member of the object at a pointer, by index, in sorted order. [any] since 1.0
    gw_status (*GW_NONNULL name)(gw_json document, gw_view pointer, uint32_t index,
                                 gw_view *GW_NONNULL out);
    void (*GW_NONNULL close)(gw_json document);
} gw_host_json;

typedef struct gw_host_regex {
    uint32_t struct_size;
    uint32_t rev;
    // Compiles a pattern (RE2 syntax, linear time). GW_E_CONFIG after fail. Ends with its scope.
    // [config] since 1.0
    gw_status (*GW_NONNULL compile)(gw_scope *GW_NONNULL scope, gw_view pattern,
                                    gw_regex *GW_NONNULL out);
    // 1 when it matches anywhere in text, else 0. groups: filled with the whole match and its
    // groups, as many as fit; may be NULL. [any] since 1.0
    int32_t (*GW_NONNULL match)(gw_regex regex, gw_view text, gw_view *GW_NULLABLE groups,
                                uint32_t group_count);
    // Writes text with every match replaced; $1 and ${name} stand for groups. Returns how many
    // there were. [any] since 1.0
    int32_t (*GW_NONNULL replace)(gw_regex regex, gw_view text, gw_view replacement,
                                  gw_out *GW_NONNULL out);
    // The same into memory of the exchange. [loop] since 1.0
    int32_t (*GW_NONNULL replace_in)(gw_regex regex, struct gw_req *GW_NONNULL req, gw_view text,
                                     gw_view replacement, gw_view *GW_NONNULL out);
} gw_host_regex;

typedef struct gw_host_crypto {
    uint32_t struct_size;
    uint32_t rev;
    // digest: 32 bytes. [any] since 1.0
    void (*GW_NONNULL sha256)(gw_view bytes, uint8_t *GW_NONNULL digest);
    void (*GW_NONNULL hmac_sha256)(gw_view key, gw_view bytes, uint8_t *GW_NONNULL digest);
    // 1 when equal; time depends on len only. [any] since 1.0
    int32_t (*GW_NONNULL equal)(const uint8_t *GW_NONNULL a, const uint8_t *GW_NONNULL b,
                                size_t len);
    // Bytes nobody can guess. [any] since 1.0
    gw_status (*GW_NONNULL random)(uint8_t *GW_NONNULL out, size_t len);
} gw_host_crypto;

#ifdef __cplusplus
}
#endif
