// RE2 for Swift: compiled expressions and their matches. No exception crosses these functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A compiled expression; every function on it may be called on any thread.
typedef struct cre2_pattern cre2_pattern;

// A group of a match. ptr is NULL when the group took no part in it. Points into the text.
typedef struct cre2_group {
    const uint8_t *_Nullable ptr;
    size_t len;
} cre2_group;

// Compiles a pattern of RE2 syntax over UTF-8.
// memory_max: bytes for the expression and its automaton.
// message: at least message_size bytes; why there is none, NUL-terminated.
// Returns NULL when the pattern is wrong or too large.
cre2_pattern *_Nullable cre2_compile(const uint8_t *_Nullable pattern, size_t length,
                                     int64_t memory_max, char *_Nonnull message,
                                     size_t message_size);
void cre2_free(cre2_pattern *_Nonnull pattern);

// Number of groups without the whole match.
uint32_t cre2_group_count(const cre2_pattern *_Nonnull pattern);
// The number of a named group, 0 when there is none of that name.
uint32_t cre2_group_number(const cre2_pattern *_Nonnull pattern, const uint8_t *_Nullable name,
                           size_t length);

// Looks for the first match that begins at start or later.
// groups: gets the whole match and its groups, as many as fit; surplus ones are cleared.
// Returns 1 when there is one, else 0.
int32_t cre2_match(const cre2_pattern *_Nonnull pattern, const uint8_t *_Nullable text,
                   size_t length, size_t start, cre2_group *_Nullable groups, uint32_t count);

#ifdef __cplusplus
}
#endif
