/* SPDX-License-Identifier: Apache-2.0 */
#include "numbers.h"

#define SP_INT_BITS (8 * GRILLE_NUMBERS_BYTES)

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/types.h>

/* Whatever the header declares from here on, and the source defines, is this file's own. */
#undef WOLFSSL_API
#undef WOLFSSL_LOCAL
#define WOLFSSL_API          static
#define WOLFSSL_LOCAL        static
#define CheckRunTimeSettings grille_numbers_settings
#define sp_off_on_addr       grille_numbers_off_on_addr
#include <wolfcrypt/src/sp_int.c>

static int read(sp_int *number, const unsigned char *bytes, size_t len) {
    if (len > GRILLE_NUMBERS_BYTES || sp_init(number) != MP_OKAY) return -1;
    return sp_read_unsigned_bin(number, bytes, (word32)len) == MP_OKAY ? 0 : -1;
}

int grille_numbers_power(const unsigned char *base, size_t base_len, const unsigned char *exponent, size_t exponent_len,
                         const unsigned char *modulus, size_t modulus_len, unsigned char *out) {
    sp_int b, e, m, result;
    if (read(&b, base, base_len) != 0 || read(&e, exponent, exponent_len) != 0 || read(&m, modulus, modulus_len) != 0 ||
        sp_init(&result) != MP_OKAY || !sp_isodd(&m))
        return -1;
    if (sp_exptmod_nct(&b, &e, &m, &result) != MP_OKAY) return -1;
    return sp_to_unsigned_bin_len(&result, out, (int)modulus_len) == MP_OKAY ? 0 : -1;
}
