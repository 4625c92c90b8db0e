// Starting programs without a shell, and putting folders in place: what tools need beside shim.h.
#pragma once
#include <sys/types.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// Starts a program in a process group of its own, with default signal handling, standard input from
// /dev/null and the other two written to pipes.
// folder: where it runs, or NULL for the current one.
// outputs: set to the non-blocking ends to read its standard output and standard error from.
// Returns its process id, or a negative errno.
pid_t gwx_start_program(const char *program, char *_Nullable const *_Nonnull arguments,
                        char *_Nullable const *_Nonnull environment, const char *_Nullable folder,
                        int *outputs);

// Lets two paths change places in one step. Returns 0 or a negative errno.
int gwx_exchange(const char *path, const char *other);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
