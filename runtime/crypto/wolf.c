/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/wolf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <wolfssl/wolfcrypt/wc_port.h>

static const grille_crypto wolf = {
    .hash = grille_wolf_hash,
    .hmac = grille_wolf_hmac,
    .hkdf_extract = grille_wolf_hkdf_extract,
    .hkdf_expand = grille_wolf_hkdf_expand,
    .ecdsa_verify = grille_wolf_ecdsa_verify,
    .key_generate = grille_wolf_key_generate,
    .key_import = grille_wolf_key_import,
    .key_export = grille_wolf_key_export,
    .key_free = grille_wolf_key_free,
    .key_curve = grille_wolf_key_curve,
    .key_point = grille_wolf_key_point,
    .key_sign = grille_wolf_key_sign,
    .aead_seal = grille_wolf_aead_seal,
    .aead_open = grille_wolf_aead_open,
    .hpke_seal = grille_wolf_hpke_seal,
    .hpke_open = grille_wolf_hpke_open,
    .random = grille_wolf_random,
};

/* A process whose cryptography does not start has nothing safe left to do. */
static void init_once(void) {
    if (wolfCrypt_Init() == 0 && grille_wolf_random_init() == GRILLE_REASON_OK &&
        grille_wolf_warm_up() == GRILLE_REASON_OK)
        return;
    fputs("grille: wolfCrypt does not initialise\n", stderr);
    abort();
}

const grille_crypto *grille_crypto_wolf(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pthread_once(&once, init_once) != 0) abort();
    return &wolf;
}

size_t grille_hash_len(grille_hash_kind kind) {
    return kind == GRILLE_SHA256 ? GRILLE_SHA256_BYTES : GRILLE_SHA384_BYTES;
}

size_t grille_curve_scalar_len(grille_curve curve) {
    return curve == GRILLE_P256 ? 32 : 48;
}

size_t grille_curve_point_len(grille_curve curve) {
    return curve == GRILLE_P256 ? GRILLE_P256_POINT : GRILLE_P384_POINT;
}
