/* SPDX-License-Identifier: Apache-2.0
 * The public sealing functions, on the seam's wolfCrypt implementation. */
#include "grille/seal.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/certificate.h"

enum { NONCE_BYTES = 12 };

struct grille_sealing_key {
    grille_private_key *key;
    uint8_t spki[GRILLE_SPKI_MAX];
    size_t spki_len;
};

static grille_code told(grille_error *error, grille_reason reason) {
    if (reason == GRILLE_REASON_OK) {
        grille_error_clear(error);
        return GRILLE_OK;
    }
    grille_error_clear(error);
    (void)grille_error_default(error, reason);
    return grille_reason_code(reason);
}

static grille_reason key_fill(const grille_crypto *crypto, grille_sealing_key *key) {
    uint8_t point[GRILLE_POINT_MAX];
    size_t len = 0;
    grille_reason reason = crypto->key_generate(GRILLE_P256, &key->key);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_point(key->key, point, sizeof point, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_spki_write(GRILLE_P256, grille_bytes_of(point, len), key->spki, sizeof key->spki, &key->spki_len);
}

grille_code grille_sealing_key_new(grille_sealing_key **key, grille_error *error) {
    grille_sealing_key *made = calloc(1, sizeof *made);
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    *key = NULL;
    if (made == NULL) return told(error, reason);
    reason = key_fill(grille_crypto_wolf(), made);
    if (reason == GRILLE_REASON_OK) {
        *key = made;
    } else {
        grille_sealing_key_free(made);
    }
    return told(error, reason);
}

void grille_sealing_key_free(grille_sealing_key *key) {
    if (key == NULL) return;
    grille_crypto_wolf()->key_free(key->key);
    free(key);
}

grille_bytes grille_sealing_key_public(const grille_sealing_key *key) {
    return grille_bytes_of(key->spki, key->spki_len);
}

grille_code grille_seal(grille_bytes spki, grille_bytes info, grille_bytes plain,
                        uint8_t encapsulated[GRILLE_SEAL_ENCAPSULATED], uint8_t *sealed, size_t capacity, size_t *len,
                        grille_error *error) {
    grille_curve curve = GRILLE_P384;
    grille_bytes point = {0};
    grille_reason reason = grille_spki_read(spki, &curve, &point);
    *len = 0;
    if (reason == GRILLE_REASON_OK && curve != GRILLE_P256) reason = GRILLE_REASON_CRYPTO_BAD_KEY;
    if (reason != GRILLE_REASON_OK) return told(error, reason);
    return told(error, grille_crypto_wolf()->hpke_seal(point, info, grille_bytes_of(NULL, 0), plain, encapsulated,
                                                       sealed, capacity, len));
}

grille_code grille_sealing_key_open(const grille_sealing_key *key, grille_bytes encapsulated, grille_bytes info,
                                    grille_bytes sealed, uint8_t *plain, size_t capacity, size_t *len,
                                    grille_error *error) {
    *len = 0;
    return told(error, grille_crypto_wolf()->hpke_open(key->key, encapsulated, info, grille_bytes_of(NULL, 0), sealed,
                                                       plain, capacity, len));
}

grille_code grille_random(uint8_t *out, size_t len, grille_error *error) {
    return told(error, grille_crypto_wolf()->random(out, len));
}

grille_code grille_data_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose, grille_bytes plain,
                             uint8_t *sealed, size_t capacity, size_t *len, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    size_t body = 0;
    grille_reason reason = GRILLE_REASON_OK;
    *len = 0;
    if (capacity < GRILLE_DATA_OVERHEAD_BYTES || capacity - GRILLE_DATA_OVERHEAD_BYTES < plain.len) {
        return told(error, GRILLE_REASON_NO_SPACE);
    }
    reason = crypto->random(sealed, NONCE_BYTES);
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->aead_seal(grille_bytes_of(key, GRILLE_DATA_KEY_BYTES), grille_bytes_of(sealed, NONCE_BYTES),
                                   purpose, plain, sealed + NONCE_BYTES, capacity - NONCE_BYTES, &body);
    }
    if (reason == GRILLE_REASON_OK) *len = NONCE_BYTES + body;
    return told(error, reason);
}

grille_code grille_data_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose, grille_bytes sealed,
                             uint8_t *plain, size_t capacity, size_t *len, grille_error *error) {
    grille_reader reader = grille_reader_of(sealed);
    grille_bytes nonce = grille_read_bytes(&reader, NONCE_BYTES);
    grille_bytes body = grille_read_rest(&reader);
    *len = 0;
    if (sealed.len < GRILLE_DATA_OVERHEAD_BYTES) return told(error, GRILLE_REASON_CRYPTO_NOT_AUTHENTIC);
    return told(error, grille_crypto_wolf()->aead_open(grille_bytes_of(key, GRILLE_DATA_KEY_BYTES), nonce, purpose,
                                                       body, plain, capacity, len));
}

grille_code grille_data_fingerprint(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose, grille_bytes data,
                                    uint8_t *out, size_t len, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t prk[GRILLE_SHA256_BYTES];
    uint8_t derived[GRILLE_SHA256_BYTES];
    uint8_t mac[GRILLE_SHA256_BYTES];
    size_t at = 0;
    grille_reason reason = len <= GRILLE_DATA_FINGERPRINT_MAX ? GRILLE_REASON_OK : GRILLE_REASON_NO_SPACE;
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->hkdf_extract(GRILLE_SHA256, grille_bytes_of(NULL, 0),
                                      grille_bytes_of(key, GRILLE_DATA_KEY_BYTES), prk);
    }
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->hkdf_expand(GRILLE_SHA256, grille_bytes_of(prk, sizeof prk), purpose, derived, sizeof derived);
    }
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->hmac(GRILLE_SHA256, grille_bytes_of(derived, sizeof derived), &data, 1, mac);
    }
    for (at = 0; reason == GRILLE_REASON_OK && at < len; at++)
        out[at] = mac[at];
    grille_wipe(prk, sizeof prk);
    grille_wipe(derived, sizeof derived);
    grille_wipe(mac, sizeof mac);
    return told(error, reason);
}
