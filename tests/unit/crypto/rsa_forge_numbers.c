/* SPDX-License-Identifier: Apache-2.0
 * Private RSA numbers for tests: wolfCrypt's big numbers once more (bazel/third_party/wolfssl/numbers.c), with primes.
 */
#include "rsa_forge_numbers.h"

#define SP_INT_BITS 4160
#define WOLFSSL_KEY_GEN

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/types.h>

#undef WOLFSSL_API
#undef WOLFSSL_LOCAL
#define WOLFSSL_API          static
#define WOLFSSL_LOCAL        static
#define CheckRunTimeSettings rsa_forge_settings
#define sp_off_on_addr       rsa_forge_off_on_addr
#include <wolfcrypt/src/sp_int.c>

/* A prime of exactly so many bits (at most 512), the first three of them set, that leaves e a factor of nothing. */
static int make_prime(WC_RNG *rng, unsigned bits, const sp_int *e, sp_int *prime) {
    byte bytes[64];
    int is_prime = 0;
    sp_int_digit rest = 0;
    if (wc_RNG_GenerateBlock(rng, bytes, sizeof bytes) != 0) return -1;
    if (sp_read_unsigned_bin(prime, bytes, sizeof bytes) != MP_OKAY) return -1;
    sp_rshb(prime, (int)(512 - bits), prime);
    for (unsigned i = 1; i <= 3; i++)
        sp_set_bit(prime, (int)(bits - i));
    sp_set_bit(prime, 0);
    for (;;) {
        if (sp_prime_is_prime(prime, 8, &is_prime) != MP_OKAY) return -1;
        if (is_prime != 0 && (sp_isone(e) || (sp_mod_d(prime, e->dp[0], &rest) == MP_OKAY && rest != 1))) break;
        if (sp_add_d(prime, 2, prime) != MP_OKAY) return -1;
    }
    return sp_count_bits(prime) == (int)bits ? 0 : -1;
}

/* So many primes that none is longer than 512 bits: that a modulus has two is nothing that a verifier can see. */
static int make(WC_RNG *rng, unsigned bits, sp_int *e, sp_int *n, sp_int *d) {
    sp_int phi, prime;
    unsigned left = bits;
    sp_init(&phi);
    sp_init(&prime);
    sp_set(n, 1);
    sp_set(&phi, 1);
    while (left > 0) {
        const unsigned parts = (left + 511) / 512, part = left / parts;
        if (make_prime(rng, part, e, &prime) != 0 || sp_mul(n, &prime, n) != MP_OKAY ||
            sp_sub_d(&prime, 1, &prime) != MP_OKAY || sp_mul(&phi, &prime, &phi) != MP_OKAY)
            return -1;
        left -= part;
    }
    if (sp_count_bits(n) != (int)bits) return -1;
    return sp_isone(e) ? sp_copy(e, d) : sp_invmod(e, &phi, d);
}

int rsa_forge_numbers(unsigned bits, unsigned long exponent, unsigned char *modulus, unsigned char *secret) {
    const int len = (int)((bits + 7) / 8);
    sp_int e, n, d;
    WC_RNG rng;
    int failed = -1;
    if (wc_InitRng(&rng) != 0) return -1;
    sp_init(&e);
    sp_init(&n);
    sp_init(&d);
    sp_set(&e, exponent);
    for (int i = 0; failed != 0 && i < 200; i++)
        failed = make(&rng, bits, &e, &n, &d);
    if (failed == 0) failed = sp_to_unsigned_bin_len(&n, modulus, len);
    if (failed == 0) failed = sp_to_unsigned_bin_len(&d, secret, len);
    wc_FreeRng(&rng);
    return failed;
}

int rsa_forge_power(const unsigned char *base, const unsigned char *exponent, const unsigned char *modulus,
                    unsigned len, unsigned char *out) {
    sp_int b, e, m, result;
    sp_init(&b);
    sp_init(&e);
    sp_init(&m);
    sp_init(&result);
    if (sp_read_unsigned_bin(&b, base, len) != MP_OKAY || sp_read_unsigned_bin(&e, exponent, len) != MP_OKAY ||
        sp_read_unsigned_bin(&m, modulus, len) != MP_OKAY || sp_exptmod_nct(&b, &e, &m, &result) != MP_OKAY)
        return -1;
    return sp_to_unsigned_bin_len(&result, out, (int)len);
}
