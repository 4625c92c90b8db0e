// RE2 behind plain functions.
#include "cre2.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>

namespace {

// Groups that fit on the stack; expressions with more are asked for no more than these.
constexpr uint32_t groups_max = 100;

re2::StringPiece piece(const uint8_t *bytes, size_t length) {
    return re2::StringPiece(reinterpret_cast<const char *>(bytes), length);
}

const RE2 *unwrap(const cre2_pattern *pattern) { return reinterpret_cast<const RE2 *>(pattern); }

} // namespace

cre2_pattern *cre2_compile(const uint8_t *pattern, size_t length, int64_t memory_max,
                           char *message, size_t message_size) {
    try {
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(memory_max);
        RE2 *compiled = new RE2(piece(pattern, length), options);
        if (compiled->ok()) return reinterpret_cast<cre2_pattern *>(compiled);
        snprintf(message, message_size, "%s", compiled->error().c_str());
        delete compiled;
    } catch (const std::exception &error) {
        snprintf(message, message_size, "%s", error.what());
    }
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete reinterpret_cast<RE2 *>(pattern); }

uint32_t cre2_group_count(const cre2_pattern *pattern) {
    return static_cast<uint32_t>(unwrap(pattern)->NumberOfCapturingGroups());
}

uint32_t cre2_group_number(const cre2_pattern *pattern, const uint8_t *name, size_t length) {
    // No copy of the name, as this runs once per reference and replacement.
    for (const auto &group : unwrap(pattern)->NamedCapturingGroups()) {
        if (piece(name, length) == group.first) return static_cast<uint32_t>(group.second);
    }
    return 0;
}

int32_t cre2_match(const cre2_pattern *pattern, const uint8_t *text, size_t length, size_t start,
                   cre2_group *groups, uint32_t count) {
    try {
        re2::StringPiece found[groups_max];
        uint32_t wanted = groups ? std::min(count, groups_max) : 0;
        wanted = std::min(wanted, cre2_group_count(pattern) + 1);
        bool matches = unwrap(pattern)->Match(piece(text, length), start, length, RE2::UNANCHORED,
                                              found, static_cast<int>(wanted));
        for (uint32_t index = 0; groups && index < count; index++) {
            bool has = matches && index < wanted && found[index].data() != nullptr;
            groups[index].ptr =
                has ? reinterpret_cast<const uint8_t *>(found[index].data()) : nullptr;
            groups[index].len = has ? found[index].size() : 0;
        }
        return matches ? 1 : 0;
    } catch (const std::exception &) {
        return 0;
    }
}
