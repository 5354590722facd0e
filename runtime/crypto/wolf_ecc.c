/* SPDX-License-Identifier: Apache-2.0
 * Public keys and ECDSA verification (FIPS 186-5 6.4.2). */
#include "crypto/wolf.h"

#include "base/bytes.h"
#include "base/reader.h"

int grille_wolf_curve_id(grille_curve curve) {
    return curve == GRILLE_P256 ? ECC_SECP256R1 : ECC_SECP384R1;
}

/* 0 <= x, y < p and y^2 = x^3 + ax + b. Both groups have a prime order and cofactor 1, so that every point of the curve
 * is in the group (SP 800-56A 5.6.2.3.4): wc_ecc_check_key multiplies by the order besides, which tells nothing more
 * and takes as long as verifying a signature. Infinity has no X and Y, and 0, 0 is no point. */
static bool is_on_curve(ecc_key *key) {
    mp_int p, a, b;
    bool on_curve;
    if (mp_init_multi(&p, &a, &b, NULL, NULL, NULL) != MP_OKAY) return false;
    on_curve = mp_read_radix(&p, key->dp->prime, MP_RADIX_HEX) == MP_OKAY &&
               mp_read_radix(&a, key->dp->Af, MP_RADIX_HEX) == MP_OKAY &&
               mp_read_radix(&b, key->dp->Bf, MP_RADIX_HEX) == MP_OKAY &&
               wc_ecc_is_point(&key->pubkey, &a, &b, &p) == MP_OKAY;
    mp_clear(&p);
    mp_clear(&a);
    mp_clear(&b);
    return on_curve;
}

grille_reason grille_wolf_public_key(grille_curve curve, grille_bytes point, ecc_key *key) {
    if ((curve != GRILLE_P256 && curve != GRILLE_P384) || point.len != grille_curve_point_len(curve) ||
        *point.data != ECC_POINT_UNCOMP)
        return GRILLE_REASON_CRYPTO_BAD_KEY;
    if (wc_ecc_init(key) != 0) return GRILLE_REASON_CRYPTO_FAILED;
    /* the import alone accepts points off the curve */
    if (wc_ecc_import_x963_ex(point.data, (word32)point.len, key, grille_wolf_curve_id(curve)) == 0 && is_on_curve(key))
        return GRILLE_REASON_OK;
    wc_ecc_free(key);
    return GRILLE_REASON_CRYPTO_BAD_KEY;
}

/* wolfCrypt itself refuses r and s outside [1, n-1]. */
static grille_reason verify(ecc_key *key, grille_bytes digest, grille_bytes r_bytes, grille_bytes s_bytes) {
    mp_int r, s;
    int valid = 0, failed = mp_init_multi(&r, &s, NULL, NULL, NULL, NULL);
    if (failed != MP_OKAY) return GRILLE_REASON_CRYPTO_FAILED;
    failed = mp_read_unsigned_bin(&r, r_bytes.data, (word32)r_bytes.len);
    if (failed == MP_OKAY) failed = mp_read_unsigned_bin(&s, s_bytes.data, (word32)s_bytes.len);
    if (failed == MP_OKAY) failed = wc_ecc_verify_hash_ex(&r, &s, digest.data, (word32)digest.len, &valid, key);
    mp_clear(&r);
    mp_clear(&s);
    return failed == MP_OKAY && valid == 1 ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
}

grille_reason grille_wolf_ecdsa_verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    grille_reader halves = grille_reader_of(raw);
    grille_bytes r, s;
    grille_reason reason;
    ecc_key key;
    if (digest.len != GRILLE_SHA256_BYTES && digest.len != GRILLE_SHA384_BYTES) return GRILLE_REASON_BAD_ARGUMENT;
    reason = grille_wolf_public_key(curve, point, &key);
    if (reason != GRILLE_REASON_OK) return reason;
    r = grille_read_bytes(&halves, grille_curve_scalar_len(curve));
    s = grille_read_bytes(&halves, grille_curve_scalar_len(curve));
    reason = grille_reader_end(&halves) == GRILLE_REASON_OK ? verify(&key, digest, r, s)
                                                            : GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
    wc_ecc_free(&key);
    return reason;
}
