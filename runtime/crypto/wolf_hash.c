/* SPDX-License-Identifier: Apache-2.0
 * Hashes (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869). */
#include "crypto/wolf.h"

#include <string.h>

#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>

#include "base/bytes.h"

static bool is_hash_kind(grille_hash_kind kind) {
    return kind == GRILLE_SHA256 || kind == GRILLE_SHA384;
}

/* wolfCrypt counts in 32 bits, so larger parts go in pieces. */
enum { piece_bytes = 1 << 30 };

static int sha256_parts(const grille_bytes *parts, size_t count, uint8_t *out) {
    wc_Sha256 state;
    int failed = wc_InitSha256(&state);
    for (size_t i = 0; failed == 0 && i < count; i++)
        for (grille_bytes part = parts[i]; failed == 0 && part.len > 0;) {
            size_t piece = part.len < piece_bytes ? part.len : piece_bytes;
            failed = wc_Sha256Update(&state, part.data, (word32)piece);
            part = grille_bytes_of(part.data + piece, part.len - piece);
        }
    if (failed == 0) failed = wc_Sha256Final(&state, out);
    wc_Sha256Free(&state);
    grille_wipe(&state, sizeof state);
    return failed;
}

static int sha384_parts(const grille_bytes *parts, size_t count, uint8_t *out) {
    wc_Sha384 state;
    int failed = wc_InitSha384(&state);
    for (size_t i = 0; failed == 0 && i < count; i++)
        for (grille_bytes part = parts[i]; failed == 0 && part.len > 0;) {
            size_t piece = part.len < piece_bytes ? part.len : piece_bytes;
            failed = wc_Sha384Update(&state, part.data, (word32)piece);
            part = grille_bytes_of(part.data + piece, part.len - piece);
        }
    if (failed == 0) failed = wc_Sha384Final(&state, out);
    wc_Sha384Free(&state);
    grille_wipe(&state, sizeof state);
    return failed;
}

grille_reason grille_wolf_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out) {
    int failed;
    if (!is_hash_kind(kind)) return GRILLE_REASON_BAD_ARGUMENT;
    failed = kind == GRILLE_SHA256 ? sha256_parts(parts, count, out) : sha384_parts(parts, count, out);
    return failed == 0 ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_FAILED;
}

grille_reason grille_wolf_hmac(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                               uint8_t *out) {
    Hmac state;
    int failed;
    if (!is_hash_kind(kind) || key.len > piece_bytes) return GRILLE_REASON_BAD_ARGUMENT;
    failed = wc_HmacInit(&state, NULL, INVALID_DEVID);
    if (failed == 0)
        failed = wc_HmacSetKey(&state, kind == GRILLE_SHA256 ? WC_SHA256 : WC_SHA384, key.data, (word32)key.len);
    for (size_t i = 0; failed == 0 && i < count; i++)
        for (grille_bytes part = parts[i]; failed == 0 && part.len > 0;) {
            size_t piece = part.len < piece_bytes ? part.len : piece_bytes;
            failed = wc_HmacUpdate(&state, part.data, (word32)piece);
            part = grille_bytes_of(part.data + piece, part.len - piece);
        }
    if (failed == 0) failed = wc_HmacFinal(&state, out);
    wc_HmacFree(&state);
    grille_wipe(&state, sizeof state);
    return failed == 0 ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_FAILED;
}

/* HMAC fills a short key with zeros, so that an empty salt is a salt of zeros. */
grille_reason grille_wolf_hkdf_extract(grille_hash_kind kind, grille_bytes salt, grille_bytes secret, uint8_t *prk) {
    return grille_wolf_hmac(kind, salt, &secret, 1, prk);
}

/* RFC 5869 2.3. wc_HKDF_Expand leaves its last block on the stack. */
grille_reason grille_wolf_hkdf_expand(grille_hash_kind kind, grille_bytes prk, grille_bytes info, uint8_t *out,
                                      size_t out_len) {
    uint8_t block[GRILLE_HASH_MAX_BYTES] = {0};
    size_t digest_len, done = 0;
    grille_reason reason = GRILLE_REASON_OK;
    if (!is_hash_kind(kind)) return GRILLE_REASON_BAD_ARGUMENT;
    digest_len = grille_hash_len(kind);
    if (out_len > 255 * digest_len || prk.len < digest_len) return GRILLE_REASON_BAD_ARGUMENT;

    for (uint8_t counter = 1; reason == GRILLE_REASON_OK && done < out_len; counter++) {
        size_t wanted = out_len - done < digest_len ? out_len - done : digest_len;
        const grille_bytes parts[] = {grille_bytes_of(block, counter == 1 ? 0 : digest_len), info,
                                      grille_bytes_of(&counter, 1)};
        reason = grille_wolf_hmac(kind, prk, parts, 3, block);
        if (reason == GRILLE_REASON_OK) memcpy(out + done, block, wanted);
        done += wanted;
    }
    if (reason != GRILLE_REASON_OK) grille_wipe(out, out_len);
    grille_wipe(block, sizeof block);
    return reason;
}
