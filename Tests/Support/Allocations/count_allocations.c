// Counts the heap allocations of a program that it is preloaded into, and shows where they happen.
//
// ALLOCATIONS_FILE names a file that begins with two 64-bit words: how many allocations there were,
// and, written by the observer, how many of the next ones are to be shown. Those are written as
// backtraces to the file of the same name that ends in ".traces".
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

struct counters {
    _Atomic uint64_t allocations;
    _Atomic int64_t traces_wanted;
};

static struct counters before_start;
static struct counters *counters = &before_start;
static int traces = -1;
static _Thread_local int is_inside;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    if (path == NULL) return;
    char traces_path[4096];
    snprintf(traces_path, sizeof traces_path, "%s.traces", path);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    traces = open(traces_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || traces < 0 || ftruncate(file, sizeof *counters) < 0) abort();
    // The first backtrace loads the unwinder, which allocates.
    void *frame;
    backtrace(&frame, 1);
    void *shared = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) abort();
    close(file);
    counters = shared;
}

static void show(size_t size) {
    void *frames[48];
    int count = backtrace(frames, 48);
    dprintf(traces, "-- %zu bytes\n", size);
    backtrace_symbols_fd(frames, count, traces);
}

static void count_one(size_t size) {
    atomic_fetch_add_explicit(&counters->allocations, 1, memory_order_relaxed);
    if (is_inside || atomic_load_explicit(&counters->traces_wanted, memory_order_relaxed) <= 0)
        return;
    is_inside = 1;
    if (atomic_fetch_sub(&counters->traces_wanted, 1) > 0) show(size);
    is_inside = 0;
}

void *malloc(size_t size) {
    count_one(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_one(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    count_one(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count_one(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_one(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    count_one(size);
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}
