// Password hashes of libxcrypt for the command line.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The longest hash with its terminating NUL.
#define CCRYPT_HASH_BYTES 384

// Hashes a password with bcrypt and a fresh salt. Thread-safe; takes long by design.
// password: NUL-terminated; bytes past the 72nd do not count.
// cost: 4 to 31, the binary logarithm of the work.
// out: CCRYPT_HASH_BYTES bytes; set to a NUL-terminated hash that begins with "$2b$".
// Returns 0, or a negative errno.
int ccrypt_bcrypt(const char *_Nonnull password, uint32_t cost, char *_Nonnull out);
