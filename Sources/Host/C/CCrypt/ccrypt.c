// crypt_gensalt_rn and crypt_r, which take their salt from the system's random source.
#define _GNU_SOURCE
#include "ccrypt.h"
#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ccrypt_bcrypt(const char *password, uint32_t cost, char *out) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn("$2b$", cost, NULL, 0, setting, sizeof setting)) return -errno;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) return -ENOMEM;
    int result = 0;
    const char *hash = crypt_r(password, setting, data);
    if (!hash || hash[0] == '*') {
        result = errno ? -errno : -EINVAL;
    } else {
        strncpy(out, hash, CCRYPT_HASH_BYTES - 1);
        out[CCRYPT_HASH_BYTES - 1] = 0;
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return result;
}
