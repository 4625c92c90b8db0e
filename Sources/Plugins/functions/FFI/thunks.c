// Function types that are common enough for a call without libffi.
#include "function.h"

#include <string.h>

#define P(index) values[index].pointer
#define N(index) values[index].size
#define VIEW(index) P(index), N((index) + 1)
#define VIEW_TYPE const void *, size_t

// A thunk: name, type of the result, member that takes it, parameter types, arguments.
#define THUNK(name, type, member, types, arguments) \
    static void name(void *address, const gwf_value *values, gwf_returned *out) { \
        (void)values; \
        out->member = ((type(*) types)address)arguments; \
    }

THUNK(to_z, const char *, pointer, (void), ())
THUNK(v_to_z, const char *, pointer, (VIEW_TYPE), (VIEW(0)))
THUNK(v_to_b, bool, integer, (VIEW_TYPE), (VIEW(0)))
THUNK(v_to_i, int32_t, integer, (VIEW_TYPE), (VIEW(0)))
THUNK(v_to_U, uint64_t, integer, (VIEW_TYPE), (VIEW(0)))
THUNK(v_to_d, double, number, (VIEW_TYPE), (VIEW(0)))
THUNK(v_to_w, int64_t, integer, (VIEW_TYPE, void *, size_t), (VIEW(0), (void *)P(2), N(3)))
THUNK(vv_to_z, const char *, pointer, (VIEW_TYPE, VIEW_TYPE), (VIEW(0), VIEW(2)))
THUNK(vv_to_b, bool, integer, (VIEW_TYPE, VIEW_TYPE), (VIEW(0), VIEW(2)))
THUNK(z_to_z, const char *, pointer, (const char *), (P(0)))
THUNK(z_to_b, bool, integer, (const char *), (P(0)))
THUNK(z_to_i, int32_t, integer, (const char *), (P(0)))
THUNK(zz_to_b, bool, integer, (const char *, const char *), (P(0), P(1)))
THUNK(r_to_z, const char *, pointer, (const void *), (P(0)))
THUNK(r_to_b, bool, integer, (const void *), (P(0)))

static const struct {
    const char *parameters;
    char result;
    gwf_thunk thunk;
} table[] = {
    {"", 'z', to_z},      {"v", 'z', v_to_z},   {"v", 'o', v_to_z},   {"v", 'b', v_to_b},
    {"v", 'i', v_to_i},   {"v", 'U', v_to_U},   {"v", 'd', v_to_d},   {"v", 'w', v_to_w},
    {"vv", 'z', vv_to_z}, {"vv", 'b', vv_to_b}, {"z", 'z', z_to_z},   {"z", 'o', z_to_z},
    {"z", 'b', z_to_b},   {"z", 'i', z_to_i},   {"zz", 'b', zz_to_b}, {"r", 'z', r_to_z},
    {"r", 'b', r_to_b},
};

gwf_thunk gwf_find_thunk(const char *parameters, char result) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].result == result && strcmp(table[i].parameters, parameters) == 0)
            return table[i].thunk;
    }
    return NULL;
}
