/* SPDX-License-Identifier: Apache-2.0 */
#include "private_numbers.h"

#define SP_INT_BITS (8 * GRILLE_PRIVATE_NUMBERS_BYTES)

#include <wolfssl/wolfcrypt/settings.h>

/* Of this file alone. */
#undef NO_RSA
#define WOLFSSL_KEY_GEN
#define WC_RSA_BLINDING
#define WOLFSSL_NO_MALLOC
#define RSA_MAX_SIZE SP_INT_BITS

#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/types.h>

/* A generator that is none of wolfCrypt's. */
typedef struct source {
    grille_private_numbers_random random;
    void *context;
    unsigned draws_left;
} source;

static int draw(WC_RNG *generator, byte *out, word32 len) {
    source *from = (source *)generator;
    if (from->draws_left == 0) return RNG_FAILURE_E;
    from->draws_left--;
    return from->random(from->context, out, len) == 0 ? 0 : RNG_FAILURE_E;
}

/* Whatever the headers declare from here on, and the sources define, is this file's own. */
#undef WOLFSSL_API
#undef WOLFSSL_LOCAL
#define WOLFSSL_API          static
#define WOLFSSL_LOCAL        static
#define CheckRunTimeSettings grille_private_numbers_settings
#define CheckRunTimeFastMath grille_private_numbers_fast_math
#define sp_off_on_addr       grille_private_numbers_off_on_addr
#define wc_off_on_addr       grille_private_numbers_wc_off_on_addr
#define wc_RNG_GenerateBlock draw
#include <wolfcrypt/src/sp_int.c>
#include <wolfcrypt/src/wolfmath.c>

#include <wolfcrypt/src/rsa.c>

struct grille_private_numbers {
    source from;
    RsaKey rsa;
};

/* wolfCrypt has its numbers on the stack, and overwrites some only (after making a key, its CRT coefficient is there).
 * As deep as it gets, and as much again for a sanitizer's sake. */
static __attribute__((noinline)) void wipe_stack(void) {
    unsigned char below[GRILLE_PRIVATE_NUMBERS_STACK_BYTES];
    ForceZero(below, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory");
}

size_t grille_private_numbers_size(void) {
    return sizeof(grille_private_numbers);
}

int grille_private_numbers_make(grille_private_numbers *key, grille_private_numbers_random random, void *context) {
    WC_RNG *generator = (WC_RNG *)&key->from;
    int failed;
    key->from = (source){random, context, GRILLE_PRIVATE_NUMBERS_DRAWS};
    if (wc_InitRsaKey(&key->rsa, NULL) != 0) return -1;
    failed = wc_MakeRsaKey(&key->rsa, SP_INT_BITS, GRILLE_PRIVATE_NUMBERS_EXPONENT, generator);
    wipe_stack();
    if (failed == 0 && sp_count_bits(&key->rsa.n) == SP_INT_BITS && wc_RsaSetRNG(&key->rsa, generator) == 0) return 0;
    grille_private_numbers_end(key);
    return -1;
}

int grille_private_numbers_modulus(const grille_private_numbers *key,
                                   unsigned char modulus[GRILLE_PRIVATE_NUMBERS_BYTES]) {
    return sp_to_unsigned_bin_len(&key->rsa.n, modulus, GRILLE_PRIVATE_NUMBERS_BYTES) == MP_OKAY ? 0 : -1;
}

int grille_private_numbers_open(grille_private_numbers *key, unsigned char block[GRILLE_PRIVATE_NUMBERS_BYTES]) {
    byte *message = NULL;
    const int len = wc_RsaPrivateDecryptInline_ex(block, GRILLE_PRIVATE_NUMBERS_BYTES, &message, &key->rsa,
                                                  WC_RSA_OAEP_PAD, WC_HASH_TYPE_SHA256, WC_MGF1SHA256, NULL, 0);
    wipe_stack();
    return len < 0 ? -1 : len;
}

void grille_private_numbers_end(grille_private_numbers *key) {
    (void)wc_FreeRsaKey(&key->rsa);
}
