// gw.adapt/1: reading a Caddyfile directive. All [config].
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_ADAPT "gw.adapt/1"

#define GW_TOKEN_QUOTED 1u     // was written in quotes, backquotes or as a heredoc
#define GW_TOKEN_NEW_LINE 2u   // first of its line
#define GW_TOKEN_FROM_ENV 4u   // some of it came from {$NAME}
#define GW_TOKEN_EMPTY_ENV 8u  // some {$NAME} in it was unset or empty

// One token of a directive, "{" and "}" of its block included.
typedef struct gw_token {
    gw_view text;
    uint32_t line;  // from 1
    uint32_t flags; // GW_TOKEN_*
    uint32_t depth; // blocks around it within the directive; the directive itself is at 0
    uint32_t reserved;
} gw_token;

// One use of a directive. tokens[0] is its name. An optional matcher was taken out before
// (GW_DIRECTIVE_MATCHER).
typedef struct gw_directive_call {
    uint32_t struct_size;
    uint32_t rev;
    const gw_token *GW_NONNULL tokens;
    size_t token_count;
    gw_view file;
    void *GW_NONNULL host; // for the functions below
} gw_directive_call;

typedef struct gw_host_adapt {
    uint32_t struct_size;
    uint32_t rev;
    // Reports what is wrong with the token at diag->token; parse then returns GW_E_CONFIG.
    void (*GW_NONNULL fail)(const gw_directive_call *GW_NONNULL call,
                            const gw_diag *GW_NONNULL diag);
    void (*GW_NONNULL warn)(const gw_directive_call *GW_NONNULL call,
                            const gw_diag *GW_NONNULL diag);
    // Writes the JSON of the matcher set that a token names (@name, /path, *); "*" and tokens that
    // are no matcher give GW_E_NOT_FOUND. GW_E_CONFIG after reporting.
    gw_status (*GW_NONNULL matcher)(const gw_directive_call *GW_NONNULL call, uint32_t token,
                                    gw_out *GW_NONNULL out);
    // Writes the JSON array of routes for the directives in tokens first..<end, sorted as a site's
    // are. Tokens between the braces of a block, without the braces.
    gw_status (*GW_NONNULL routes)(const gw_directive_call *GW_NONNULL call, uint32_t first,
                                   uint32_t end, gw_out *GW_NONNULL out);
    // Writes the JSON that another directive gives for the given tokens ("reverse_proxy" …): for
    // directives that are short for another one.
    gw_status (*GW_NONNULL directive)(const gw_directive_call *GW_NONNULL call,
                                      const gw_token *GW_NONNULL tokens, size_t count,
                                      gw_out *GW_NONNULL out);
    // Nanoseconds of a duration such as "1m30s" or "1d". GW_E_INVALID.
    gw_status (*GW_NONNULL duration)(gw_view text, int64_t *GW_NONNULL out);
    // The same as directive, as text for the caller to read and change. out: valid until parse
    // returns. GW_E_CONFIG after reporting.
    gw_status (*GW_NONNULL expand)(const gw_directive_call *GW_NONNULL call,
                                   const gw_token *GW_NONNULL tokens, size_t count,
                                   gw_view *GW_NONNULL out);
} gw_host_adapt;

#ifdef __cplusplus
}
#endif
