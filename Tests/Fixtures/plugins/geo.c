// Ordinary C functions for the tests of the plugin functions; nothing here knows of a gateway.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view {
    const char *bytes;
    size_t count;
};

const char *country(const char *address, size_t count) {
    return count == 9 && memcmp(address, "127.0.0.1", 9) == 0 ? "home" : NULL;
}

bool is_bot(const char *agent, size_t count) { return count >= 3 && memcmp(agent, "bot", 3) == 0; }
bool equal(const char *a, const char *b) { return strcmp(a, b) == 0; }
int32_t count(const char *text) { return (int32_t)strlen(text); }

// Every parameter type in one call, which has no direct way.
const char *all(const char *v, size_t n, const char *z, int32_t i, int64_t I, uint32_t u, uint64_t U,
                double d, bool b) {
    static _Thread_local char text[256];
    snprintf(text, sizeof text, "%.*s|%s|%d|%lld|%u|%llu|%g|%d", (int)n, v, z, i, (long long)I, u,
             (unsigned long long)U, d, b);
    return text;
}

int32_t negative(int32_t i) { return -i; }
int64_t wide(int64_t I) { return I - 1; }
uint32_t more(uint32_t u) { return u + 1; }
uint64_t most(uint64_t U) { return U; }
double half(double d) { return d / 2; }
struct view middle(const char *v, size_t n) { return (struct view){v + 1, n > 2 ? n - 2 : 0}; }

int64_t reversed(const char *v, size_t n, char *out, size_t capacity) {
    for (size_t i = 0; i < n && i < capacity; i++) out[i] = v[n - 1 - i];
    return (int64_t)n;
}

static int live;
char *doubled(const char *z) {
    char *text = malloc(2 * strlen(z) + 1);
    live++;
    return strcat(strcpy(text, z), z);
}
void give_back(char *text) {
    live--;
    free(text);
}
int32_t alive(void) { return live; }

bool has_request(const void *request) { return request != NULL; }

const char *too_long(void) {
    static char text[8192];
    memset(text, 'x', sizeof text - 1);
    return text;
}

const char *broken_pointer(void) { return (const char *)8; }
const char *segv(const char *z) { return (const char *)(intptr_t)*(volatile int *)(strlen(z) * 0); }
const char *abandon(const char *z) {
    if (*z == 'x') abort();
    return "fine";
}
int32_t divide(int32_t i) { return 7 / i; }
int32_t endless(int32_t i) {
    volatile char space[4096];
    space[0] = (char)i;
    return endless(i + space[0]) + space[0];
}
bool null_leaf(const char *z) { return strlen(*z == 'x' ? NULL : z) > 0; }
bool double_free(const char *z) {
    void *memory = malloc(4000);
    free(memory);
    if (*z == 'x') free((char *)memory + 16);
    return true;
}

int value = 7;
