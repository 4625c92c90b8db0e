// Calls of C functions whose types are known at run time only: libraries, call interfaces, and a
// fence that turns a crash of the function into a status.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define GWF_NONNULL _Nonnull
#define GWF_NULLABLE _Nullable
#else
#define GWF_NONNULL
#define GWF_NULLABLE
#endif

#define GWF_PARAMETERS_MAX 8
// C parameters: a view is two, and so is the buffer of a result that is written.
#define GWF_VALUES_MAX (2 * GWF_PARAMETERS_MAX + 2)

#define GWF_OK 0
#define GWF_NONE 1      // it gave NULL, or a negative count
#define GWF_TOO_LONG 2  // more bytes than allowed, or no NUL among them
#define GWF_CRASHED 3   // just now; see gwf_signal
#define GWF_POISONED 4  // it crashed before and was not called

// What one C parameter gets.
typedef union gwf_value {
    const void *GWF_NULLABLE pointer;
    size_t size;
    int64_t integer; // of every width, as it is
    double number;
} gwf_value;

typedef struct gwf_arguments {
    uint32_t count;
    gwf_value values[GWF_VALUES_MAX];
} gwf_arguments;

static inline void gwf_add_pointer(gwf_arguments *GWF_NONNULL to, const void *GWF_NULLABLE value) {
    if (to->count < GWF_VALUES_MAX) to->values[to->count++].pointer = value;
}
static inline void gwf_add_size(gwf_arguments *GWF_NONNULL to, size_t value) {
    if (to->count < GWF_VALUES_MAX) to->values[to->count++].size = value;
}
static inline void gwf_add_integer(gwf_arguments *GWF_NONNULL to, int64_t value) {
    if (to->count < GWF_VALUES_MAX) to->values[to->count++].integer = value;
}
static inline void gwf_add_number(gwf_arguments *GWF_NONNULL to, double value) {
    if (to->count < GWF_VALUES_MAX) to->values[to->count++].number = value;
}

// The result: an integer or a number, or bytes that are the function's (v, z, o).
typedef struct gwf_result {
    gwf_value value;
    const uint8_t *GWF_NULLABLE bytes;
    size_t count;
} gwf_result;

// A function with its types, ready to be called by every thread at once. Opaque.
typedef struct gwf_function gwf_function;

// Opens a library for as long as the process lives. path: with a slash a file, else one that the
// system finds. Returns NULL after writing why into message, NUL-terminated.
void *GWF_NULLABLE gwf_open(const char *GWF_NONNULL path, char *GWF_NONNULL message,
                            size_t message_size);
// Address of a function; NULL when there is none, or when the name is that of data.
void *GWF_NULLABLE gwf_symbol(void *GWF_NONNULL library, const char *GWF_NONNULL name);

// Prepares a function. parameters: letters v z i I u U d b r, at most GWF_PARAMETERS_MAX; result:
// one of v z i I u U d b w o. release: frees a result o. bytes_max: of a result.
// Returns NULL when the letters are wrong or there is no memory.
gwf_function *GWF_NULLABLE gwf_prepare(void *GWF_NONNULL address, void *GWF_NULLABLE release,
                                       const char *GWF_NONNULL parameters, char result,
                                       size_t bytes_max);
void gwf_free(gwf_function *GWF_NONNULL function);

// Calls it. buffer: bytes_max bytes for a result w, else NULL; result->bytes is buffer then.
// arguments: those of the parameters; the buffer is added.
int32_t gwf_call(gwf_function *GWF_NONNULL function, gwf_arguments *GWF_NONNULL arguments,
                 uint8_t *GWF_NULLABLE buffer, gwf_result *GWF_NONNULL result);
// Copies the bytes of a result v, z or o to where count bytes fit, and gives an o back. Once per
// GWF_OK of such a function. GWF_OK or GWF_CRASHED.
int32_t gwf_take(gwf_function *GWF_NONNULL function, const gwf_result *GWF_NONNULL result,
                 uint8_t *GWF_NULLABLE to);
// The signal of its crash, 0 before one, and its name.
int32_t gwf_signal(const gwf_function *GWF_NONNULL function);
const char *GWF_NONNULL gwf_signal_name(int32_t signal);
// Whether calls take the short way, without a call interface; for tests.
int32_t gwf_is_direct(const gwf_function *GWF_NONNULL function);

// Makes the calling thread fit to survive an overflow of its stack in a function. Once per thread
// is enough; more do nothing.
void gwf_prepare_thread(void);
