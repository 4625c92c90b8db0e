// What one call of a configured C function costs: fence and all, with and without libffi.
//
//     ffi_cost  → nanoseconds per call: plain, direct (v:b), by call interface (vi:b)
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "gateway_ffi.h"

__attribute__((noinline)) bool short_text(const char *text, size_t count) {
    (void)text;
    return count < 8;
}

__attribute__((noinline)) bool shorter(const char *text, size_t count, int32_t max) {
    (void)text;
    return (int64_t)count < max;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

enum { CALLS = 5 * 1000 * 1000 };

static double cost(gwf_function *function, bool takes_number) {
    double start = now();
    for (int i = 0; i < CALLS; i++) {
        gwf_arguments arguments = {0};
        gwf_result result = {0};
        gwf_add_pointer(&arguments, "text");
        gwf_add_size(&arguments, 4);
        if (takes_number) gwf_add_integer(&arguments, 8);
        if (gwf_call(function, &arguments, NULL, &result) != GWF_OK || !result.value.integer)
            return -1;
    }
    return (now() - start) / CALLS;
}

int main(void) {
    bool (*volatile plain)(const char *, size_t) = short_text;
    bool all = true;
    double start = now();
    for (int i = 0; i < CALLS; i++) all &= plain("text", 4);
    double direct = (now() - start) / CALLS;
    gwf_function *fast = gwf_prepare((void *)short_text, NULL, "v", 'b', 4096);
    gwf_function *slow = gwf_prepare((void *)shorter, NULL, "vi", 'b', 4096);
    if (fast == NULL || slow == NULL || !gwf_is_direct(fast) || gwf_is_direct(slow) || !all)
        return 1;
    printf("%.1f %.1f %.1f\n", direct, cost(fast, false), cost(slow, true));
    return 0;
}
