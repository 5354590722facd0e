/* SPDX-License-Identifier: Apache-2.0
 * AES-256-GCM, SP 800-38D. */
#include "crypto/wolf.h"

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/bytes.h"

enum { key_bytes = 32, nonce_bytes = 12, tag_bytes = 16, input_most = INT32_MAX - tag_bytes };

static bool has_right_sizes(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes input) {
    return key.len == key_bytes && nonce.len == nonce_bytes && aad.len <= input_most && input.len <= input_most;
}

grille_reason grille_wolf_aead_seal(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes plain,
                                    uint8_t *out, size_t capacity, size_t *len) {
    Aes aes;
    int failed;
    if (!has_right_sizes(key, nonce, aad, plain)) return GRILLE_REASON_BAD_ARGUMENT;
    if (capacity < plain.len + tag_bytes) return GRILLE_REASON_NO_SPACE;

    failed = wc_AesInit(&aes, NULL, INVALID_DEVID);
    if (failed == 0) failed = wc_AesGcmSetKey(&aes, key.data, key_bytes);
    if (failed == 0)
        failed = wc_AesGcmEncrypt(&aes, out, plain.data, (word32)plain.len, nonce.data, nonce_bytes, out + plain.len,
                                  tag_bytes, aad.data, (word32)aad.len);
    wc_AesFree(&aes);
    grille_wipe(&aes, sizeof aes);
    if (failed != 0) {
        grille_wipe(out, plain.len + tag_bytes);
        return GRILLE_REASON_CRYPTO_FAILED;
    }
    *len = plain.len + tag_bytes;
    return GRILLE_REASON_OK;
}

grille_reason grille_wolf_aead_open(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes sealed,
                                    uint8_t *out, size_t capacity, size_t *len) {
    Aes aes;
    int failed;
    size_t plain_len;
    if (!has_right_sizes(key, nonce, aad, sealed)) return GRILLE_REASON_BAD_ARGUMENT;
    if (sealed.len < tag_bytes) return GRILLE_REASON_CRYPTO_NOT_AUTHENTIC;
    plain_len = sealed.len - tag_bytes;
    if (capacity < plain_len) return GRILLE_REASON_NO_SPACE;

    failed = wc_AesInit(&aes, NULL, INVALID_DEVID);
    if (failed == 0) failed = wc_AesGcmSetKey(&aes, key.data, key_bytes);
    if (failed == 0)
        failed = wc_AesGcmDecrypt(&aes, out, sealed.data, (word32)plain_len, nonce.data, nonce_bytes,
                                  sealed.data + plain_len, tag_bytes, aad.data, (word32)aad.len);
    wc_AesFree(&aes);
    grille_wipe(&aes, sizeof aes);
    if (failed != 0) {
        /* some of wolfCrypt's code paths decrypt before they compare the tag */
        if (plain_len > 0) grille_wipe(out, plain_len);
        return failed == AES_GCM_AUTH_E ? GRILLE_REASON_CRYPTO_NOT_AUTHENTIC : GRILLE_REASON_CRYPTO_FAILED;
    }
    *len = plain_len;
    return GRILLE_REASON_OK;
}
