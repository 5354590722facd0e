/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/leaf.h"

#include <inttypes.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "base/error.h"

/* Peers' clocks may differ by so much: the key lives for one connection, its dates protect nothing. */
static const grille_wall_ms leeway_ms = 24 * 3600 * (grille_wall_ms)1000;

static grille_reason write_certificate(const grille_crypto *crypto, grille_wall_ms wall_ms,
                                       const grille_private_key *key, grille_leaf *leaf) {
    grille_certificate_template about = {.subject_common_name = "grille",
                                         .not_before_ms = wall_ms > leeway_ms ? wall_ms - leeway_ms : 0,
                                         .not_after_ms = wall_ms + leeway_ms,
                                         .path_len = -1,
                                         .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE};
    uint8_t point[GRILLE_P256_POINT];
    size_t point_len = 0;
    grille_reason reason = crypto->random(about.serial, sizeof about.serial);
    about.serial[0] = (uint8_t)((about.serial[0] & 0x7f) | 0x40); /* positive, and of full length */
    if (reason == GRILLE_REASON_OK) reason = crypto->key_point(key, point, sizeof point, &point_len);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_certificate_write(crypto, &about, GRILLE_P256, grille_bytes_of(point, point_len), key,
                                      leaf->certificate, sizeof leaf->certificate, &leaf->certificate_len);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_spki_write(GRILLE_P256, grille_bytes_of(point, point_len), leaf->spki, sizeof leaf->spki,
                             &leaf->spki_len);
}

grille_reason grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf) {
    grille_private_key *key = NULL;
    grille_reason reason = crypto->key_generate(GRILLE_P256, &key);
    *leaf = (grille_leaf){0};
    if (reason != GRILLE_REASON_OK) return reason;
    reason = write_certificate(crypto, wall_ms, key, leaf);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_export(key, leaf->key, sizeof leaf->key, &leaf->key_len);
    crypto->key_free(key);
    if (reason != GRILLE_REASON_OK) grille_wipe(leaf, sizeof *leaf);
    return reason;
}

void grille_leaf_wipe_key(grille_leaf *leaf) {
    grille_wipe(leaf->key, sizeof leaf->key);
    leaf->key_len = 0;
}

static grille_reason bad(grille_error *error, const char *what) {
    return grille_error_set(error, GRILLE_REASON_TLS_BAD_CERTIFICATE,
                            "the peer's TLS certificate %s; expected a self-signed one with a P-256 key, made for this "
                            "connection; likely the peer is not a Grille endpoint",
                            what);
}

grille_reason grille_leaf_read(grille_bytes der, grille_wall_ms wall_ms, grille_bytes *spki, grille_error *error) {
    grille_x509 certificate;
    if (der.len > GRILLE_CERTIFICATE_MAX) return bad(error, "is longer than 1,024 bytes");
    if (grille_x509_read(der, &certificate) != GRILLE_REASON_OK) return bad(error, "is not strict DER");
    if (!certificate.has_ec_key || certificate.curve != GRILLE_P256) return bad(error, "has another kind of key");
    if (certificate.signature_kind != GRILLE_X509_ECDSA_SHA256 &&
        certificate.signature_kind != GRILLE_X509_ECDSA_SHA384)
        return bad(error, "has another kind of signature");
    if (!grille_bytes_equal(certificate.issuer, certificate.subject)) return bad(error, "has an issuer");
    if (certificate.has_unknown_critical_extension) return bad(error, "has an unknown critical extension");
    if (wall_ms < certificate.not_before_ms || wall_ms > certificate.not_after_ms)
        return grille_error_set(error, GRILLE_REASON_TLS_CERTIFICATE_TIME,
                                "the peer's TLS certificate, made for this connection, is valid from %" PRId64
                                " to %" PRId64 ", now is %" PRId64
                                " (ms since 1970); likely one clock is off by more than a day: compare the clocks",
                                certificate.not_before_ms, certificate.not_after_ms, wall_ms);
    *spki = certificate.spki;
    return GRILLE_REASON_OK;
}
