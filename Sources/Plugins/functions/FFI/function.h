// What the files of this folder share.
#pragma once
#include "gateway_ffi.h"

#include <ffi.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct gwf_view {
    const uint8_t *bytes;
    size_t count;
} gwf_view;

// A result as the call leaves it. libffi widens integers to a register.
typedef union gwf_returned {
    ffi_arg integer;
    double number;
    const void *pointer;
    gwf_view view;
} gwf_returned;

// Calls a function of one fixed type.
typedef void (*gwf_thunk)(void *address, const gwf_value *values, gwf_returned *out);

struct gwf_function {
    void *address;
    void (*release)(void *);
    gwf_thunk thunk; // NULL: by call interface
    char result;
    size_t bytes_max;
    const void *image; // the library that it is in
    _Atomic int32_t signal;
    ffi_cif interface;
    ffi_type *types[GWF_VALUES_MAX];
};

gwf_thunk gwf_find_thunk(const char *parameters, char result);

// Runs body behind the fence; false when it crashed, and then function->signal is set.
bool gwf_fenced(gwf_function *function, void (*body)(void *), void *context);
void gwf_install_fence(void);
