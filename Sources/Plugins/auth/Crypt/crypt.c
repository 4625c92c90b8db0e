// Password hashing by the system's libcrypt: terminators, scratch memory, wiping.
#include "gateway_crypt.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int32_t gw_crypt_hash(const uint8_t *password, size_t password_size, const uint8_t *like,
                      uint8_t *out) {
    char text[GW_CRYPT_PASSWORD_MAX + 1] = {0};
    char setting[GW_CRYPT_HASH_SIZE + 1] = {0};
    if (password_size > GW_CRYPT_PASSWORD_MAX) password_size = GW_CRYPT_PASSWORD_MAX;
    if (password_size > 0) memcpy(text, password, password_size);
    memcpy(setting, like, GW_CRYPT_HASH_SIZE);

    // 32 KiB: too much for the stack of a pool thread.
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return -1;
    const char *hash = crypt_r(text, setting, data);
    int32_t result = -1;
    if (hash != NULL && strlen(hash) == GW_CRYPT_HASH_SIZE) {
        memcpy(out, hash, GW_CRYPT_HASH_SIZE);
        result = 0;
    }
    gw_crypt_wipe(data, sizeof *data);
    gw_crypt_wipe(text, sizeof text);
    free(data);
    return result;
}

void gw_crypt_wipe(void *bytes, size_t size) {
    explicit_bzero(bytes, size);
}
