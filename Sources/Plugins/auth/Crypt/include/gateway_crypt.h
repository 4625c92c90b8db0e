// Password hashing by the system's libcrypt, with lengths instead of terminators.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Bytes that a bcrypt hash has: "$2b$", cost, "$", salt and checksum.
#define GW_CRYPT_HASH_SIZE 60
// Bytes of a password that bcrypt looks at; the rest is ignored.
#define GW_CRYPT_PASSWORD_MAX 72

// Hashes a password with the salt and the cost of a bcrypt hash. Takes as long as the cost says.
// password: without NUL bytes; not kept, and wiped from the stack.
// like: a hash of GW_CRYPT_HASH_SIZE bytes; out: room for as many.
// Returns 0, or -1 when like is no hash that libcrypt knows. Any thread.
int32_t gw_crypt_hash(const uint8_t *_Nullable password, size_t password_size,
                      const uint8_t *_Nonnull like, uint8_t *_Nonnull out);

// Overwrites bytes in a way that the compiler does not leave out.
void gw_crypt_wipe(void *_Nonnull bytes, size_t size);
