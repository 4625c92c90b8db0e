// From letters to a call: types are worked out once, a call fills in values.
#define _GNU_SOURCE
#include "function.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static ffi_type *view_members[] = {&ffi_type_pointer, &ffi_type_pointer, NULL};
static ffi_type view_type = {.type = FFI_TYPE_STRUCT, .elements = view_members};

_Static_assert(sizeof(size_t) == sizeof(void *), "a view is two words");

static ffi_type *word_type(char letter) {
    switch (letter) {
    case 'i': return &ffi_type_sint32;
    case 'I': return &ffi_type_sint64;
    case 'u': return &ffi_type_uint32;
    case 'U': return &ffi_type_uint64;
    case 'd': return &ffi_type_double;
    case 'b': return &ffi_type_uint8;
    default: return NULL;
    }
}

static ffi_type *result_type(char letter) {
    switch (letter) {
    case 'v': return &view_type;
    case 'z':
    case 'o': return &ffi_type_pointer;
    case 'w': return &ffi_type_sint64;
    default: return word_type(letter);
    }
}

// Adds the types of one parameter; false for a letter that is none.
static bool add_types(gwf_function *function, unsigned *count, char letter) {
    ffi_type *type = letter == 'v' || letter == 'z' || letter == 'r' ? &ffi_type_pointer
                                                                     : word_type(letter);
    if (type == NULL) return false;
    function->types[(*count)++] = type;
    if (letter == 'v') function->types[(*count)++] = &ffi_type_uint64;
    return true;
}

static bool prepare_interface(gwf_function *function, const char *parameters) {
    unsigned count = 0;
    ffi_type *result = result_type(function->result);
    if (result == NULL || strlen(parameters) > GWF_PARAMETERS_MAX) return false;
    for (const char *letter = parameters; *letter != 0; letter++) {
        if (!add_types(function, &count, *letter)) return false;
    }
    if (function->result == 'w') {
        function->types[count++] = &ffi_type_pointer;
        function->types[count++] = &ffi_type_uint64;
    }
    return ffi_prep_cif(&function->interface, FFI_DEFAULT_ABI, count, result, function->types) ==
           FFI_OK;
}

gwf_function *gwf_prepare(void *address, void *release, const char *parameters, char result,
                          size_t bytes_max) {
    Dl_info info;
    gwf_function *function = calloc(1, sizeof *function);
    if (function == NULL) return NULL;
    function->address = address;
    function->release = (void (*)(void *))release;
    function->result = result;
    function->bytes_max = bytes_max;
    function->thunk = gwf_find_thunk(parameters, result);
    function->image = dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
    if (!prepare_interface(function, parameters)) {
        free(function);
        return NULL;
    }
    gwf_install_fence();
    return function;
}

void gwf_free(gwf_function *function) { free(function); }
int32_t gwf_is_direct(const gwf_function *function) { return function->thunk != NULL; }

struct call {
    gwf_function *function;
    gwf_arguments *arguments;
    gwf_result *result;
    int32_t status;
};

// Bytes of a text, or one more than allowed.
static int32_t measure(gwf_function *function, const char *text, gwf_result *result) {
    if (text == NULL) return GWF_NONE;
    result->bytes = (const uint8_t *)text;
    result->count = strnlen(text, function->bytes_max + 1);
    return result->count > function->bytes_max ? GWF_TOO_LONG : GWF_OK;
}

static int32_t read_result(gwf_function *function, const gwf_returned *from, gwf_result *result) {
    switch (function->result) {
    case 'z':
    case 'o': return measure(function, from->pointer, result);
    case 'v':
        result->bytes = from->view.bytes;
        result->count = from->view.count;
        if (from->view.bytes == NULL) return GWF_NONE;
        return from->view.count > function->bytes_max ? GWF_TOO_LONG : GWF_OK;
    case 'w':
        if ((int64_t)from->integer < 0) return GWF_NONE;
        result->count = (size_t)from->integer;
        return result->count > function->bytes_max ? GWF_TOO_LONG : GWF_OK;
    case 'd': result->value.number = from->number; return GWF_OK;
    case 'b': result->value.integer = (uint8_t)from->integer != 0; return GWF_OK;
    case 'i': result->value.integer = (int32_t)from->integer; return GWF_OK;
    case 'u': result->value.integer = (uint32_t)from->integer; return GWF_OK;
    default: result->value.integer = (int64_t)from->integer; return GWF_OK;
    }
}

static void run(void *context) {
    struct call *call = context;
    gwf_function *function = call->function;
    gwf_value *values = call->arguments->values;
    gwf_returned out = {.integer = 0};
    if (function->thunk != NULL) {
        function->thunk(function->address, values, &out);
    } else {
        void *addresses[GWF_VALUES_MAX];
        for (unsigned i = 0; i < function->interface.nargs; i++) addresses[i] = &values[i];
        ffi_call(&function->interface, FFI_FN(function->address), &out, addresses);
    }
    call->status = read_result(function, &out, call->result);
}

int32_t gwf_call(gwf_function *function, gwf_arguments *arguments, uint8_t *buffer,
                 gwf_result *result) {
    if (atomic_load_explicit(&function->signal, memory_order_relaxed) != 0) return GWF_POISONED;
    if (function->result == 'w') {
        gwf_add_pointer(arguments, buffer);
        gwf_add_size(arguments, function->bytes_max);
        result->bytes = buffer;
    }
    if (arguments->count != function->interface.nargs) return GWF_NONE;
    struct call call = {function, arguments, result, GWF_OK};
    return gwf_fenced(function, run, &call) ? call.status : GWF_CRASHED;
}

struct take {
    gwf_function *function;
    const gwf_result *result;
    uint8_t *to;
};

static void copy_and_release(void *context) {
    const struct take *take = context;
    if (take->to != NULL && take->result->count > 0)
        memcpy(take->to, take->result->bytes, take->result->count);
    if (take->function->result == 'o' && take->function->release != NULL)
        take->function->release((void *)take->result->bytes);
}

int32_t gwf_take(gwf_function *function, const gwf_result *result, uint8_t *to) {
    struct take take = {function, result, to};
    return gwf_fenced(function, copy_and_release, &take) ? GWF_OK : GWF_CRASHED;
}

int32_t gwf_signal(const gwf_function *function) { return atomic_load(&function->signal); }
