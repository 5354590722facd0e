/* SPDX-License-Identifier: Apache-2.0 */
#include "oaep_forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "bazel/third_party/wolfssl/numbers.h"
#include "crypto/rsa.h"

enum { block_len = GRILLE_RSA_PRIVATE_BYTES, hash_len = GRILLE_SHA256_BYTES, db_len = block_len - hash_len - 1 };

static void must(bool holds) {
    if (!holds) abort();
}

static void sha256(grille_bytes first, grille_bytes second, uint8_t *out) {
    const grille_bytes parts[] = {first, second};
    must(grille_crypto_wolf()->hash(GRILLE_SHA256, parts, 2, out) == GRILLE_REASON_OK);
}

static void block_of(uint64_t seed, uint64_t number, uint8_t out[hash_len]) {
    sha256(grille_bytes_of(&seed, sizeof seed), grille_bytes_of(&number, sizeof number), out);
}

grille_reason oaep_forge_fill(void *context, uint8_t *out, size_t len) {
    oaep_forge_stream *stream = context;
    stream->draws++;
    if (stream->most != 0 && stream->draws > stream->most) return GRILLE_REASON_CRYPTO_FAILED;
    for (size_t done = 0; done < len; done += hash_len) {
        uint8_t block[hash_len];
        block_of(stream->seed, stream->at++, block);
        memcpy(out + done, block, len - done < hash_len ? len - done : hash_len);
    }
    return GRILLE_REASON_OK;
}

grille_rsa_private_key *oaep_forge_key(oaep_forge_stream *stream, uint64_t seed) {
    const grille_rsa_random random = {.fill = oaep_forge_fill, .context = stream};
    grille_rsa_private_key *key = NULL;
    *stream = (oaep_forge_stream){.seed = seed};
    must(grille_rsa_private_wolf()->generate(random, &key) == GRILLE_REASON_OK);
    return key;
}

static void power(const uint8_t modulus[block_len], const uint8_t block[block_len], uint8_t ciphertext[block_len]) {
    static const uint8_t exponent[] = {1, 0, 1};
    must(grille_numbers_power(block, block_len, exponent, sizeof exponent, modulus, block_len, ciphertext) == 0);
}

/* MGF1 (RFC 8017 B.2.1), over `out`. */
static void mask(grille_bytes seed, uint8_t *out, size_t len) {
    for (size_t done = 0; done < len; done += hash_len) {
        const uint8_t counter[] = {0, 0, 0, (uint8_t)(done / hash_len)};
        uint8_t block[hash_len];
        sha256(seed, grille_bytes_of(counter, sizeof counter), block);
        for (size_t i = 0; i < hash_len && done + i < len; i++)
            out[done + i] ^= block[i];
    }
}

static void spoil(oaep_forge_defect defect, uint8_t *db, size_t separator) {
    const bool all = defect == OAEP_FORGE_ALL_WRONG;
    if (defect == OAEP_FORGE_LABEL || all) sha256(grille_bytes_of("label", 5), grille_bytes_of(NULL, 0), db);
    if (defect == OAEP_FORGE_LABEL_LAST_BIT) db[hash_len - 1] ^= 1;
    if (defect == OAEP_FORGE_PADDING || all) db[separator - 5] = 0x80;
    if (defect == OAEP_FORGE_SEPARATOR) db[separator] = 2;
    if (defect == OAEP_FORGE_NO_SEPARATOR) memset(db + separator, 0, db_len - separator);
    if (defect == OAEP_FORGE_SHA1) memmove(db + 20, db + hash_len, db_len - hash_len);
}

void oaep_forge_encrypt_for(const uint8_t modulus[GRILLE_RSA_PRIVATE_BYTES], oaep_forge_defect defect,
                            grille_bytes message, uint8_t ciphertext[GRILLE_RSA_PRIVATE_BYTES]) {
    uint8_t block[block_len] = {0};
    uint8_t *seed = block + 1, *db = block + 1 + hash_len;
    const size_t separator = db_len - message.len - 1;
    must(message.len <= GRILLE_RSA_PRIVATE_MESSAGE_MOST);
    block_of(42, message.len, seed);
    sha256(grille_bytes_of(NULL, 0), grille_bytes_of(NULL, 0), db);
    db[separator] = 1;
    if (message.len > 0) memcpy(db + separator + 1, message.data, message.len);
    spoil(defect, db, separator);
    mask(grille_bytes_of(seed, hash_len), db, db_len);
    mask(grille_bytes_of(db, db_len), seed, hash_len);
    if (defect == OAEP_FORGE_FIRST_BYTE || defect == OAEP_FORGE_ALL_WRONG) block[0] = 1;
    power(modulus, block, ciphertext);
}

void oaep_forge_encrypt(grille_bytes spki, oaep_forge_defect defect, grille_bytes message,
                        uint8_t ciphertext[GRILLE_RSA_PRIVATE_BYTES]) {
    grille_rsa_key key;
    must(grille_rsa_wolf()->key_read(spki, &key) == GRILLE_REASON_OK && key.modulus.len == block_len);
    oaep_forge_encrypt_for(key.modulus.data, defect, message, ciphertext);
}
