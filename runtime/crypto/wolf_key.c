/* SPDX-License-Identifier: Apache-2.0
 * Private keys: made, imported, exported, signing (FIPS 186-5 6.4.1) and ECDH (SP 800-56A 5.7.1.2). */
#include "crypto/wolf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/private_key_der.h"

struct grille_private_key {
    grille_curve curve;
    uint8_t point[GRILLE_POINT_MAX];
    pthread_mutex_t lock; /* for `key`: wolfCrypt promises nothing about one key in two threads */
    ecc_key key;
};

/* The orders n of the groups, SP 800-186 3.2.1.3 and 3.2.1.4. */
static const uint8_t order_p256[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                       0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_p384[48] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
                                       0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

/* In [1, n-1]? Subtracts n in constant time and looks at the borrow. */
static bool scalar_in_range(grille_curve curve, grille_bytes scalar) {
    const uint8_t *order = curve == GRILLE_P256 ? order_p256 : order_p384;
    unsigned borrow = 0;
    for (size_t i = scalar.len; i > 0; i--)
        borrow = ((unsigned)scalar.data[i - 1] - order[i - 1] - borrow) >> 8 & 1;
    return borrow == 1 && !grille_bytes_all_zero(scalar);
}

static grille_private_key *key_new(grille_curve curve) {
    grille_private_key *key = calloc(1, sizeof *key);
    if (key == NULL) return NULL;
    key->curve = curve;
    if (wc_ecc_init(&key->key) != 0) {
        free(key);
        return NULL;
    }
    if (pthread_mutex_init(&key->lock, NULL) == 0) return key;
    wc_ecc_free(&key->key);
    free(key);
    return NULL;
}

void grille_wolf_key_free(grille_private_key *key) {
    if (key == NULL) return;
    wc_ecc_free(&key->key);
    pthread_mutex_destroy(&key->lock);
    grille_wipe(key, sizeof *key);
    free(key);
}

/* Keeps the point as bytes and gives the key away, or frees it. */
static grille_reason finish(grille_private_key *made, grille_reason reason, grille_private_key **key) {
    word32 len = sizeof made->point;
    if (reason == GRILLE_REASON_OK && wc_ecc_export_x963(&made->key, made->point, &len) != 0)
        reason = GRILLE_REASON_CRYPTO_FAILED;
    if (reason == GRILLE_REASON_OK)
        *key = made;
    else
        grille_wolf_key_free(made);
    return reason;
}

grille_reason grille_wolf_key_generate(grille_curve curve, grille_private_key **key) {
    grille_private_key *made;
    WC_RNG *generator = NULL;
    grille_reason reason;
    *key = NULL;
    if (curve != GRILLE_P256 && curve != GRILLE_P384) return GRILLE_REASON_BAD_ARGUMENT;
    made = key_new(curve);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    reason = grille_wolf_generator(&generator);
    if (reason == GRILLE_REASON_OK && wc_ecc_make_key_ex(generator, (int)grille_curve_scalar_len(curve), &made->key,
                                                         grille_wolf_curve_id(curve)) != 0)
        reason = GRILLE_REASON_CRYPTO_FAILED;
    return finish(made, reason, key);
}

grille_reason grille_wolf_key_from_scalar(grille_curve curve, grille_bytes scalar, grille_private_key **key) {
    grille_private_key *made;
    WC_RNG *generator = NULL;
    grille_reason reason;
    *key = NULL;
    if (scalar.len != grille_curve_scalar_len(curve) || !scalar_in_range(curve, scalar))
        return GRILLE_REASON_CRYPTO_BAD_KEY;
    made = key_new(curve);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    reason = grille_wolf_generator(&generator);
    if (reason == GRILLE_REASON_OK && (wc_ecc_import_private_key_ex(scalar.data, (word32)scalar.len, NULL, 0,
                                                                    &made->key, grille_wolf_curve_id(curve)) != 0 ||
                                       wc_ecc_make_pub_ex(&made->key, NULL, generator) != 0))
        reason = GRILLE_REASON_CRYPTO_FAILED;
    return finish(made, reason, key);
}

static bool is_point_of(const grille_private_key *key, grille_bytes point) {
    return point.len == 0 || grille_bytes_equal(point, grille_bytes_of(key->point, grille_curve_point_len(key->curve)));
}

grille_reason grille_wolf_key_import(grille_bytes der, grille_private_key **key) {
    grille_private_key_parts parts;
    grille_private_key *made = NULL;
    grille_reason reason = grille_private_key_der_read(der, &parts);
    *key = NULL;
    if (reason == GRILLE_REASON_OK) reason = grille_wolf_key_from_scalar(parts.curve, parts.scalar, &made);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!is_point_of(made, parts.point) || !is_point_of(made, parts.second_point)) {
        grille_wolf_key_free(made);
        return GRILLE_REASON_CRYPTO_BAD_KEY;
    }
    *key = made;
    return GRILLE_REASON_OK;
}

/* The lock's owner may change; the key as its users know it doesn't. */
static grille_private_key *lock_key(const grille_private_key *key) {
    grille_private_key *locked = (grille_private_key *)key;
    pthread_mutex_lock(&locked->lock);
    return locked;
}

static void unlock_key(grille_private_key *key) {
    pthread_mutex_unlock(&key->lock);
}

grille_reason grille_wolf_key_export(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len) {
    uint8_t scalar[GRILLE_SCALAR_MAX];
    word32 scalar_len = (word32)grille_curve_scalar_len(key->curve);
    grille_private_key *locked = lock_key(key);
    int failed = wc_ecc_export_private_only(&locked->key, scalar, &scalar_len);
    grille_reason reason = GRILLE_REASON_CRYPTO_FAILED;
    unlock_key(locked);
    if (failed == 0)
        reason = grille_private_key_der_write(key->curve, grille_bytes_of(scalar, scalar_len),
                                              grille_bytes_of(key->point, grille_curve_point_len(key->curve)), out,
                                              capacity, len);
    if (reason != GRILLE_REASON_OK) grille_wipe(out, capacity);
    grille_wipe(scalar, sizeof scalar);
    return reason;
}

grille_curve grille_wolf_key_curve(const grille_private_key *key) {
    return key->curve;
}

grille_reason grille_wolf_key_point(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    grille_write_bytes(&writer, grille_bytes_of(key->point, grille_curve_point_len(key->curve)));
    *len = writer.len;
    return grille_writer_end(&writer);
}

grille_reason grille_wolf_key_sign(const grille_private_key *key, grille_bytes digest, uint8_t *raw, size_t capacity,
                                   size_t *len) {
    size_t width = grille_curve_scalar_len(key->curve);
    grille_private_key *locked;
    WC_RNG *generator = NULL;
    grille_reason reason;
    mp_int r, s;
    int failed;
    if (digest.len != GRILLE_SHA256_BYTES && digest.len != GRILLE_SHA384_BYTES) return GRILLE_REASON_BAD_ARGUMENT;
    if (capacity < 2 * width) return GRILLE_REASON_NO_SPACE;
    reason = grille_wolf_generator(&generator);
    if (reason != GRILLE_REASON_OK) return reason;
    if (mp_init_multi(&r, &s, NULL, NULL, NULL, NULL) != MP_OKAY) return GRILLE_REASON_CRYPTO_FAILED;

    locked = lock_key(key);
    failed = wc_ecc_sign_hash_ex(digest.data, (word32)digest.len, generator, &locked->key, &r, &s);
    unlock_key(locked);
    if (failed == 0) failed = mp_to_unsigned_bin_len(&r, raw, (int)width);
    if (failed == 0) failed = mp_to_unsigned_bin_len(&s, raw + width, (int)width);
    mp_clear(&r);
    mp_clear(&s);
    if (failed != 0) return GRILLE_REASON_CRYPTO_FAILED;
    *len = 2 * width;
    return GRILLE_REASON_OK;
}

grille_reason grille_wolf_shared_secret(const grille_private_key *key, grille_bytes point, uint8_t secret[32]) {
    grille_private_key *locked;
    WC_RNG *generator = NULL;
    ecc_key peer;
    word32 len = 32;
    int failed;
    grille_reason reason;
    if (key->curve != GRILLE_P256) return GRILLE_REASON_BAD_ARGUMENT;
    reason = grille_wolf_generator(&generator);
    if (reason == GRILLE_REASON_OK) reason = grille_wolf_public_key(GRILLE_P256, point, &peer);
    if (reason != GRILLE_REASON_OK) return reason;

    locked = lock_key(key);
    failed = wc_ecc_set_rng(&locked->key, generator);
    if (failed == 0) failed = wc_ecc_shared_secret(&locked->key, &peer, secret, &len);
    (void)wc_ecc_set_rng(&locked->key, NULL);
    unlock_key(locked);
    wc_ecc_free(&peer);
    if (failed == 0 && len == 32 && !grille_bytes_all_zero(grille_bytes_of(secret, 32))) return GRILLE_REASON_OK;
    grille_wipe(secret, 32);
    return GRILLE_REASON_CRYPTO_FAILED;
}
