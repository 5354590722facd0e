/* SPDX-License-Identifier: Apache-2.0
 * Writing X.509 v3 certificates (RFC 5280) and public key info: the per-connection TLS leaf, the simulated NSM's chain,
 * the development CA. Reading them is attest/'s matter. Pure: time and serial are arguments; the key signs. */
#ifndef GRILLE_CRYPTO_CERTIFICATE_H
#define GRILLE_CRYPTO_CERTIFICATE_H

#include "base/time.h"
#include "crypto/crypto.h"

/* Bits of the keyUsage extension, RFC 5280 4.2.1.3, in the order of the BIT STRING (bit 0 is the highest). */
#define GRILLE_KEY_USAGE_DIGITAL_SIGNATURE 0x80u
#define GRILLE_KEY_USAGE_NON_REPUDIATION   0x40u
#define GRILLE_KEY_USAGE_CERT_SIGN         0x04u
#define GRILLE_KEY_USAGE_CRL_SIGN          0x02u

#define GRILLE_CERTIFICATE_MAX 1024
/* Two INTEGERs of 49 bytes in a SEQUENCE. */
#define GRILLE_SIGNATURE_DER_MAX 104

/* What a certificate says. Views are borrowed during the call. */
typedef struct grille_certificate_template {
    const char *subject_common_name;
    const char *issuer_common_name; /* NULL: the subject's (self-issued) */
    grille_wall_ms not_before_ms;
    grille_wall_ms not_after_ms;
    uint8_t serial[16];
    bool is_ca;
    int path_len;                /* -1: none; only with is_ca, otherwise -1 or 0 */
    bool with_basic_constraints; /* written critical */
    uint8_t key_usage;           /* 0: no extension; written critical for a CA */
    bool server_auth;            /* extended key usage, both may be set */
    bool client_auth;
    const char *san_dns; /* NULL: none */
    const char *san_uri; /* NULL: none */
} grille_certificate_template;

/* Writes the DER of a certificate over `subject_point`, signed by `issuer` (ecdsa-with-SHA256 for P-256,
 * ecdsa-with-SHA384 for P-384). `subject_point` is not checked to be on its curve. NO_SPACE when `capacity` or
 * GRILLE_CERTIFICATE_MAX is too small, BAD_ARGUMENT for a bad template: a name that is empty or over 64 bytes, a SAN
 * that is empty or over 255 bytes, times out of order or outside 1970 to 9999, serial 0, a CA without basic
 * constraints, a path length without a CA. */
GRILLE_MUST_USE grille_reason grille_certificate_write(const grille_crypto *crypto,
                                                       const grille_certificate_template *template_,
                                                       grille_curve subject_curve, grille_bytes subject_point,
                                                       const grille_private_key *issuer, uint8_t *out, size_t capacity,
                                                       size_t *len);

/* Writes SubjectPublicKeyInfo DER of a point (RFC 5480 2). */
GRILLE_MUST_USE grille_reason grille_spki_write(grille_curve curve, grille_bytes point, uint8_t *out, size_t capacity,
                                                size_t *len);

/* Reads it back: exactly id-ecPublicKey with a named P-256 or P-384 curve and an uncompressed point of the right
 * length. CRYPTO_BAD_KEY otherwise. The point is a view into `spki`; it is not checked to be on the curve here. */
GRILLE_MUST_USE grille_reason grille_spki_read(grille_bytes spki, grille_curve *curve, grille_bytes *point);

/* Converts an ECDSA signature between r ‖ s and its DER form (RFC 3279 2.2.3); strict DER, exact widths. */
GRILLE_MUST_USE grille_reason grille_signature_to_der(grille_bytes raw, uint8_t *out, size_t capacity, size_t *len);
GRILLE_MUST_USE grille_reason grille_signature_from_der(grille_curve curve, grille_bytes der,
                                                        uint8_t raw[GRILLE_RAW_SIGNATURE_MAX], size_t *len);

#endif
