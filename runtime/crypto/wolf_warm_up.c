/* SPDX-License-Identifier: Apache-2.0
 * wolfCrypt asks the CPU for its instructions at the first use of each algorithm and keeps the answer in plain static
 * variables. Two threads that meet there race; so each algorithm runs once before any second thread can. */
#include "crypto/wolf.h"

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>

enum { block_bytes = 64, aes_key_bytes = 16, nonce_bytes = 12, tag_bytes = 16, x25519_bytes = 32 };

static bool hashes_ran(void) {
    static const byte block[block_bytes];
    byte digest[WC_SHA512_DIGEST_SIZE];
    return wc_Sha256Hash(block, sizeof block, digest) == 0 && wc_Sha384Hash(block, sizeof block, digest) == 0 &&
           wc_Sha512Hash(block, sizeof block, digest) == 0;
}

static bool ciphers_ran(void) {
    static const byte block[block_bytes], key[CHACHA20_POLY1305_AEAD_KEYSIZE], nonce[nonce_bytes];
    byte sealed[block_bytes], tag[tag_bytes];
    Aes aes;
    bool ran;
    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0) return false;
    ran = wc_AesGcmSetKey(&aes, key, aes_key_bytes) == 0 &&
          wc_AesGcmEncrypt(&aes, sealed, block, sizeof block, nonce, sizeof nonce, tag, sizeof tag, NULL, 0) == 0;
    wc_AesFree(&aes);
    return ran && wc_ChaCha20Poly1305_Encrypt(key, nonce, NULL, 0, block, sizeof block, sealed, tag) == 0;
}

static bool curve_ran(WC_RNG *generator, int bytes, int curve) {
    static const byte digest[GRILLE_SHA384_BYTES] = {1};
    byte signature[ECC_MAX_SIG_SIZE];
    word32 len = sizeof signature;
    int good = 0;
    ecc_key key;
    bool ran;
    if (wc_ecc_init(&key) != 0) return false;
    ran = wc_ecc_make_key_ex(generator, bytes, &key, curve) == 0 &&
          wc_ecc_sign_hash(digest, (word32)bytes, signature, &len, generator, &key) == 0 &&
          wc_ecc_verify_hash(signature, len, digest, (word32)bytes, &good, &key) == 0 && good == 1;
    wc_ecc_free(&key);
    return ran;
}

static bool x25519_ran(WC_RNG *generator) {
    curve25519_key key;
    bool ran;
    if (wc_curve25519_init(&key) != 0) return false;
    ran = wc_curve25519_make_key(generator, x25519_bytes, &key) == 0;
    wc_curve25519_free(&key);
    return ran;
}

grille_reason grille_wolf_warm_up(void) {
    WC_RNG *generator = NULL;
    grille_reason reason = grille_wolf_generator(&generator);
    if (reason != GRILLE_REASON_OK) return reason;
    bool ran = hashes_ran() && ciphers_ran() && curve_ran(generator, 32, ECC_SECP256R1) &&
               curve_ran(generator, 48, ECC_SECP384R1) && x25519_ran(generator);
    return ran ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_FAILED;
}
