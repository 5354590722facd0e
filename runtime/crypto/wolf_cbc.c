/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cbc.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>

#include "base/bytes.h"

enum { text_most = 1 << 30 };

static bool has_right_sizes(grille_bytes key, grille_bytes iv, size_t len) {
    return key.len == GRILLE_CBC_KEY_BYTES && iv.len == GRILLE_CBC_BLOCK_BYTES && len > 0 && len <= text_most &&
           len % GRILLE_CBC_BLOCK_BYTES == 0;
}

static int decrypt(grille_bytes key, grille_bytes iv, uint8_t *text, size_t len) {
    Aes aes;
    int failed = wc_AesInit(&aes, NULL, INVALID_DEVID);
    if (failed == 0) failed = wc_AesSetKey(&aes, key.data, (word32)key.len, iv.data, AES_DECRYPTION);
    if (failed == 0) failed = wc_AesCbcDecrypt(&aes, text, text, (word32)len);
    wc_AesFree(&aes);
    grille_wipe(&aes, sizeof aes);
    return failed;
}

/* All ones when left < right, else 0; for numbers below 2^31. */
static uint32_t mask_below(uint32_t left, uint32_t right) {
    return 0u - ((left - right) >> 31);
}

/* Looks at the whole last block whatever is in it: 0 when it ends in a padding. */
static uint32_t padding_fault(const uint8_t *text, size_t len, uint32_t padding) {
    uint32_t fault = mask_below(padding, 1) | mask_below(GRILLE_CBC_BLOCK_BYTES, padding);
    for (uint32_t i = 0; i < GRILLE_CBC_BLOCK_BYTES; i++)
        fault |= mask_below(i, padding) & (text[len - 1 - i] ^ padding);
    return fault;
}

grille_reason grille_cbc_open(grille_bytes key, grille_bytes iv, uint8_t *text, size_t len, size_t *plain_len) {
    uint32_t padding;
    if (!has_right_sizes(key, iv, len)) return GRILLE_REASON_BAD_ARGUMENT;
    (void)grille_crypto_wolf(); /* initialises the library */
    if (decrypt(key, iv, text, len) != 0) {
        grille_wipe(text, len);
        return GRILLE_REASON_CRYPTO_FAILED;
    }
    padding = text[len - 1];
    if (padding_fault(text, len, padding) != 0) {
        grille_wipe(text, len);
        return GRILLE_REASON_CRYPTO_NOT_AUTHENTIC;
    }
    *plain_len = len - padding;
    return GRILLE_REASON_OK;
}
