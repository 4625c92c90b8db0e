// Ordinary C: nothing here knows of a gateway. The plugin "functions" calls it by signature.
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// v:b — whether a User-Agent says that it is a robot.
bool is_bot(const char *agent, size_t length) {
    static const char *const words[] = {"bot", "crawl", "spider", "slurp"};
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
        if (memmem(agent, length, words[w], strlen(words[w])) != NULL) return true;
    return false;
}

// v:z — the family that a model's name belongs to; NULL when it is none that we know.
const char *family(const char *model, size_t length) {
    static const struct {
        const char *prefix, *family;
    } known[] = {{"gpt-", "openai"}, {"claude-", "anthropic"}, {"gemini-", "google"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t size = strlen(known[i].prefix);
        if (length >= size && memcmp(model, known[i].prefix, size) == 0) return known[i].family;
    }
    return NULL;
}

// vu:u — which of some shards a key belongs to (FNV-1a), the same on every machine.
uint32_t shard(const char *key, size_t length, uint32_t count) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)key[i]) * 16777619u;
    return count > 0 ? hash % count : 0;
}

// v:w — the last four characters of a key, the rest starred.
int64_t masked(const char *key, size_t length, char *out, size_t capacity) {
    if (length > capacity) return -1;
    for (size_t i = 0; i < length; i++) out[i] = i + 4 < length ? '*' : key[i];
    return (int64_t)length;
}
